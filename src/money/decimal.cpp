#include "money/decimal.h"

namespace distiq {

std::optional<std::int64_t> parse_decimal(std::string_view text, int fraction_digits) {
  constexpr int kMaxDigits = 18;  // 10^18 fits into int64
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && fraction.empty())) return std::nullopt;
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > static_cast<std::size_t>(fraction_digits)) return std::nullopt;

  std::int64_t value = 0;
  int digits = 0;
  const auto take = [&](char c) {
    if (c < '0' || c > '9' || (digits == kMaxDigits)) return false;
    value = value * 10 + (c - '0');
    if (value != 0) ++digits;
    return true;
  };
  for (const char c : whole) {
    if (!take(c)) return std::nullopt;
  }
  for (int i = 0; i < fraction_digits; ++i) {
    if (!take(static_cast<std::size_t>(i) < fraction.size() ? fraction[static_cast<std::size_t>(i)] : '0'))
      return std::nullopt;
  }
  return value;
}

}  // namespace distiq
