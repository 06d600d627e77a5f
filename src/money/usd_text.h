// Money and counts as people read them. The only place where an amount is rounded.
// Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace distiq {

// "$0.0303", "-$0.0120": rounded half away from zero to `decimals` (0 to 12) digits. Zero has no sign.
[[nodiscard]] std::string usd_text(PicoUsd amount, int decimals);
void append_usd_text(std::string& out, PicoUsd amount, int decimals);

// "795", "6.1K", "1.2M": one digit behind the point from a thousand on, rounded half up.
[[nodiscard]] std::string count_text(std::uint64_t count);
void append_count_text(std::string& out, std::uint64_t count);

// All its digits.
void append_number(std::string& out, std::uint64_t number);

}  // namespace distiq
