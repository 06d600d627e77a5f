// Which of 64 bytes are letters of English: words are found without a look at each byte. Any thread.
#pragma once

#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include "judge/letter_symbols.h"
#endif

namespace distiq {

// One bit for each byte, the first byte's lowest.
struct LetterBlock {
  static constexpr std::size_t size = 64;
  std::uint64_t letters = 0;
  std::uint64_t upper = 0;
  std::uint64_t special = 0;  // not ASCII, or a backtick

  [[gnu::always_inline]] static LetterBlock read(const unsigned char* at) {
    LetterBlock block;
#ifdef __SSE2__
    const Sixteen a(at), b(at + 16), c(at + 32), d(at + 48);
    block.letters = a.letters | b.letters << 16 | c.letters << 32 | d.letters << 48;
    block.special = a.special | b.special << 16 | c.special << 32 | d.special << 48;
    block.upper = block.letters & ~(a.lower | b.lower << 16 | c.lower << 32 | d.lower << 48);
#else
    for (unsigned i = 0; i < size; ++i) {
      const std::uint64_t letter = letters::latin_symbols[at[i]] != 0 ? 1 : 0;
      block.letters |= letter << i;
      block.special |= std::uint64_t{at[i] >= 128 || at[i] == '`'} << i;
      block.upper |= (letter & ~(std::uint64_t{at[i]} >> 5)) << i;
    }
#endif
    return block;
  }

#ifdef __SSE2__
 private:
  struct Sixteen {
    std::uint64_t letters, lower, special;
    explicit Sixteen(const unsigned char* at) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i number = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
      const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(25)), number);
      letters = static_cast<std::uint16_t>(_mm_movemask_epi8(is_letter));
      lower = static_cast<std::uint16_t>(_mm_movemask_epi8(_mm_slli_epi16(bytes, 2)));  // bit 5 of a byte to its bit 7
      special =
          static_cast<std::uint16_t>(_mm_movemask_epi8(_mm_or_si128(bytes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('`')))));
    }
  };
#endif
};

}  // namespace distiq
