// What one record adds to the totals of its day. Pure.
#pragma once

#include <string_view>

#include "stats/request_record.h"
#include "stats/summary.h"

namespace distiq {

// A duplicate counts as a request, not in tokens and money.
[[nodiscard]] Totals totals_of(const RequestRecord& record, bool duplicate);
// The class under which it is summed: of the request, or what it is counted as beside requests.
[[nodiscard]] std::string_view group_of(const RequestRecord& record);

}  // namespace distiq
