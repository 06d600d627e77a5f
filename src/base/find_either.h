// Where the first of two bytes stands in a text, by the C library's vectors. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

namespace distiq {

// text.size() if neither is there. Looks at no more than a window behind the place found, so that a text which is full
// of one of the two bytes costs no more than its length.
[[nodiscard]] inline std::size_t find_either(std::string_view text, char a, char b) {
  constexpr std::size_t window = 128;
  for (std::size_t at = 0; at < text.size(); at += window) {
    std::size_t size = std::min(window, text.size() - at);
    const char* from = text.data() + at;
    const auto* first_a = static_cast<const char*>(std::memchr(from, a, size));
    if (first_a != nullptr) size = static_cast<std::size_t>(first_a - from);
    const auto* first_b = static_cast<const char*>(std::memchr(from, b, size));
    if (first_b != nullptr) return static_cast<std::size_t>(first_b - text.data());
    if (first_a != nullptr) return at + size;
  }
  return text.size();
}

}  // namespace distiq
