#include "money/usd_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace distiq {
namespace {

constexpr int kPicoDigits = 12;

constexpr auto powers_of_ten = [] {
  std::array<std::uint64_t, kPicoDigits + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = 10 * powers[i - 1];
  return powers;
}();

}  // namespace

void append_usd_text(std::string& out, PicoUsd amount, int decimals) {
  decimals = std::clamp(decimals, 0, kPicoDigits);
  // Unsigned: the smallest int64 has no positive counterpart.
  const auto raw = static_cast<std::uint64_t>(amount.value);
  const std::uint64_t magnitude = amount.value < 0 ? 0 - raw : raw;
  const std::uint64_t unit = powers_of_ten[static_cast<std::size_t>(kPicoDigits - decimals)];
  std::uint64_t rest = magnitude / unit + (magnitude % unit >= (unit + 1) / 2 && unit > 1 ? 1 : 0);
  const bool negative = amount.value < 0 && rest != 0;
  // From the last digit to the first: two signs, the point and at most 20 digits.
  std::array<char, 24> text;
  auto at = text.end();
  const auto take_digit = [&] {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  };
  for (int i = 0; i < decimals; ++i) take_digit();
  if (decimals > 0) *--at = '.';
  do take_digit();
  while (rest != 0);
  *--at = '$';
  if (negative) *--at = '-';
  out.append(at, static_cast<std::size_t>(text.end() - at));
}

std::string usd_text(PicoUsd amount, int decimals) {
  std::string text;
  append_usd_text(text, amount, decimals);
  return text;
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_count_text(std::string& out, std::uint64_t count) {
  if (count < 1000) return append_number(out, count);
  std::uint64_t tenths = (count / 50 + 1) / 2;  // of a thousand
  char letter = 'K';
  if (tenths >= 10'000) {
    tenths = (count / 50'000 + 1) / 2;
    letter = 'M';
  }
  append_number(out, tenths / 10);
  out += '.';
  out += static_cast<char>('0' + tenths % 10);
  out += letter;
}

std::string count_text(std::uint64_t count) {
  std::string text;
  append_count_text(text, count);
  return text;
}

}  // namespace distiq
