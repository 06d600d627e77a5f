// Where JSON strings end: the inner loop of every scan, 64 bytes at a time. Most of a request is the inside of strings.
// Pure, any thread.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
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

// Most strings are keys and other short words: where one of ASCII without escapes ends within 16 bytes, 0 where that is
// not known so quickly. Inline: a call costs more than that.
[[nodiscard]] inline std::size_t short_string_end([[maybe_unused]] std::string_view text,
                                                  [[maybe_unused]] std::size_t from) {
#ifdef __SSE2__
  if (text.size() - from < 16) return 0;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // Signed: what is not ASCII counts as a control character here, and is looked at by find_string_end().
  const __m128i controls = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
  const __m128i special = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
  const auto found = static_cast<unsigned>(_mm_movemask_epi8(special));
  if (found == 0) return 0;
  const std::size_t end = from + static_cast<unsigned>(std::countr_zero(found));
  return text[end] == '"' ? end : 0;
#else
  return 0;
#endif
}

// The same by each way that this processor can run, the one without its vectors first; apart so that tests compare.
using StringEndFinder = StringEnd (*)(std::string_view text, std::size_t from);
[[nodiscard]] std::vector<StringEndFinder> string_end_finders();

}  // namespace distiq
