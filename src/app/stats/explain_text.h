// What `explain` says to people about a request that was recorded, and the list of the newest ones. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "app/config/config.h"
#include "money/price_table.h"
#include "stats/request_record.h"

namespace distiq {

struct ExplainStyle {
  Language language = Language::english;
  bool colour = false;
  std::int64_t now_ms = 0;  // unix time: what "3 s ago" is counted from
};

// `prices` has the fees of server tools, which the alternatives were weighed without.
[[nodiscard]] std::string format_explanation(const RequestRecord& record, const PriceTable& prices,
                                             const ExplainStyle& style);
// A line each: id, time, session, models, cost, saved, reason. In the order given.
[[nodiscard]] std::string format_request_list(std::span<const RequestRecord> records, const PriceTable& prices,
                                              const ExplainStyle& style);

}  // namespace distiq
