// Calendar days as the user lives them. Not for intervals.
#pragma once

#include <cstdint>

namespace distiq {

// Days from 1970-01-01 to the date that a clock on the wall shows at that moment, in the process's time zone. Any thread.
[[nodiscard]] std::int32_t local_day(std::int64_t unix_ms);

}  // namespace distiq
