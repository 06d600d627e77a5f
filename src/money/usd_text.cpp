#include "money/usd_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace distiq {

std::string usd_text(PicoUsd amount, int decimals) {
  constexpr int kPicoDigits = 12;
  decimals = std::clamp(decimals, 0, kPicoDigits);
  // Unsigned: the smallest int64 has no positive counterpart.
  const auto raw = static_cast<std::uint64_t>(amount.value);
  const std::uint64_t magnitude = amount.value < 0 ? 0 - raw : raw;
  std::uint64_t unit = 1;
  for (int i = decimals; i < kPicoDigits; ++i) unit *= 10;
  std::uint64_t one_dollar = 1;
  for (int i = 0; i < decimals; ++i) one_dollar *= 10;
  const std::uint64_t rounded = magnitude / unit + (magnitude % unit >= (unit + 1) / 2 && unit > 1 ? 1 : 0);
  const char* sign = amount.value < 0 && rounded != 0 ? "-" : "";
  if (decimals == 0) return fmt::format("{}${}", sign, rounded);
  return fmt::format("{}${}.{:0{}}", sign, rounded / one_dollar, rounded % one_dollar, decimals);
}

std::string count_text(std::uint64_t count) {
  if (count < 1000) return fmt::format("{}", count);
  std::uint64_t tenths = (count / 50 + 1) / 2;  // of a thousand
  char letter = 'K';
  if (tenths >= 10'000) {
    tenths = (count / 50'000 + 1) / 2;
    letter = 'M';
  }
  return fmt::format("{}.{}{}", tenths / 10, tenths % 10, letter);
}

}  // namespace distiq
