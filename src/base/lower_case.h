// ASCII letters made lower, several at a time: names of header fields, which every message has dozens of. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace distiq {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Eight of them. The highest bit of each byte says what its other seven are.
[[nodiscard]] constexpr std::uint64_t lower(std::uint64_t letters) {
  constexpr std::uint64_t every = 0x0101010101010101;
  const std::uint64_t low_bits = letters & every * 0x7f;
  const std::uint64_t from_a = low_bits + every * (0x80 - 'A');
  const std::uint64_t past_z = low_bits + every * (0x7f - 'Z');
  const std::uint64_t upper = (from_a ^ past_z) & ~letters & every * 0x80;
  return letters | upper >> 2;
}

// In place; bytes that are no capital letters stay.
inline void make_lower(char* text, std::size_t size) {
  constexpr std::size_t step = sizeof(std::uint64_t);
  const auto lower_at = [&](std::size_t at) {
    std::uint64_t letters = 0;
    std::memcpy(&letters, text + at, step);
    letters = lower(letters);
    std::memcpy(text + at, &letters, step);
  };
  if (size < step) {
    for (std::size_t i = 0; i < size; ++i) text[i] = lower(text[i]);
    return;
  }
  for (std::size_t at = 0; at + step < size; at += step) lower_at(at);
  lower_at(size - step);
}

}  // namespace distiq
