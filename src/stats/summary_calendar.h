// Dates and times of day as the user's clock on the wall shows them, in the process's time zone. For sums by day and
// for showing people; never for intervals.
// Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "stats/summary.h"

namespace distiq {

// Days from 1970-01-01 to the local date of that moment; 0 for a moment no calendar reaches.
[[nodiscard]] std::int32_t local_day(std::int64_t unix_ms);
// The first local day of a period that ends today; far in the past for `all`.
[[nodiscard]] std::int32_t first_day_of(Period period, std::int64_t now_ms);
// "2026-11-18"
[[nodiscard]] std::string day_text(std::int32_t day);
// "2026-11-18 14:05", local
[[nodiscard]] std::string minute_text(std::int64_t unix_ms);
// "2026-11-18 14:05:09", local
[[nodiscard]] std::string second_text(std::int64_t unix_ms);

}  // namespace distiq
