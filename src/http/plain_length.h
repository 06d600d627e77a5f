// The number of a Content-Length as everybody writes it. Pure; any thread.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace distiq {

// nullopt: not digits alone, or with zeros in front, or so many that it could be too large. Every other number is as
// good as this one to whoever has accepted it.
[[nodiscard]] inline std::optional<std::uint64_t> plain_length(std::string_view digits) {
  constexpr std::size_t most_digits = 18;
  if (digits.empty() || digits.size() > most_digits || digits.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace distiq
