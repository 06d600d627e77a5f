// Where JSON strings end: the inner loop of every scan, 64 bytes at a time. Most of a request is the inside of strings.
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace distiq {

struct StringEnd {
  static constexpr std::size_t none = std::string_view::npos;
  std::size_t at = none;   // of the closing quote; none if there is none, or before it something that JSON forbids
  bool escaped = false;    // there is a backslash before it
  bool non_ascii = false;  // some byte up to it, or shortly behind, is not ASCII: the text's UTF-8 must be checked
};

// `from`: behind the opening quote. Escapes are validated as escapes_are_valid() does, bare control characters refused.
// Reads nothing outside `text`.
[[nodiscard]] StringEnd find_string_end(std::string_view text, std::size_t from);

// The same by each way that this processor can run, the one without its vectors first; apart so that tests compare.
using StringEndFinder = StringEnd (*)(std::string_view text, std::size_t from);
[[nodiscard]] std::vector<StringEndFinder> string_end_finders();

}  // namespace distiq
