// Decimal text to scaled integers. Money never passes through a binary fraction.
// Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace distiq {

// "12.5" with 6 fraction digits: 12'500'000. Digits and at most one point, no sign, no exponent, at most 18 digits in
// all after scaling. nullopt for anything else, and for a value that is not exact in so many digits ("0.0000001" with
// 6).
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view text, int fraction_digits);

}  // namespace distiq
