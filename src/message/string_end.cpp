#include "message/string_end.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "message/json_text.h"

namespace distiq {
namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t prefetch_distance = 1024;  // across the page's end, where the processor itself does not look

// One bit for each byte of a block, the first byte's lowest.
using Bits = std::uint64_t;

struct BlockBits {
  Bits quotes, backslashes, controls, non_ascii;
};

// Of 64 bytes: what stands where. For processors whose vectors we do not use.
struct PortableBlock {
  static BlockBits read(const char* at) {
    BlockBits bits{};
    for (std::size_t i = 0; i < block_size; i += 8) {
      const std::uint64_t bytes = word(at + i);
      bits.quotes |= zeros(bytes ^ (ones * '"')) << i;
      bits.backslashes |= zeros(bytes ^ (ones * '\\')) << i;
      bits.controls |= zeros(bytes & (ones * 0xE0)) << i;
      bits.non_ascii |= bytes & high_bits;
    }
    return bits;
  }
  // Those of `candidates` that are the letter of a two-byte escape.
  static Bits escape_letters(const char* at, Bits candidates) {
    Bits letters = 0;
    for (Bits left = candidates; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      if (escape_size(std::string_view(std::array{'\\', at[i]}.data(), 2)) == 2) letters |= Bits{1} << i;
    }
    return letters;
  }
  static constexpr std::size_t short_size = 0;
  static std::size_t short_end(const char*, bool&) { return 0; }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101;
  static constexpr std::uint64_t high_bits = 0x8080808080808080;

  static std::uint64_t word(const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
    return bytes;
  }
  // One bit for each of eight bytes: is it zero?
  static Bits zeros(std::uint64_t bytes) {
    const std::uint64_t not_zero = ((bytes & ~high_bits) + ~high_bits) | bytes;
    return (((~not_zero & high_bits) >> 7) * 0x0102040810204080) >> 56;
  }
};

#ifdef __x86_64__

// Compiled for processors that have AVX2, called on no other: the rest of the program needs none of it.
#define DISTIQ_AVX2 __attribute__((target("avx2")))

// The letters of two-byte escapes, by both halves of their byte: one is a letter if the entry of its lower half and
// that of its upper half share a bit. A byte that is not ASCII finds nothing: the shuffle gives 0 where the highest bit
// is set.
inline __m128i letters_by_low() {
  constexpr char quote_b_r = 1 | 4 | 8, f_n = 4, t = 8, backslash = 2, slash = 1;
  return _mm_setr_epi8(0, 0, quote_b_r, 0, t, 0, f_n, 0, 0, 0, 0, 0, backslash, 0, f_n, slash);
}
inline __m128i letters_by_high() {
  return _mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
}

struct Avx2Block {
  DISTIQ_AVX2 static BlockBits read(const char* at) {
    const __m256i low = load(at), high = load(at + 32);
    return {ones(is(low, '"'), is(high, '"')), ones(is(low, '\\'), is(high, '\\')),
            ones(is_control(low), is_control(high)), ones(low, high)};
  }
  DISTIQ_AVX2 static Bits escape_letters(const char* at, Bits) {
    return ones(is_letter(load(at)), is_letter(load(at + 32)));
  }
  // As short_string_end(), for those a little longer: the end within `short_size` bytes, or short_size.
  static constexpr std::size_t short_size = 32;
  DISTIQ_AVX2 static std::size_t short_end(const char* at, bool& non_ascii) {
    const __m256i bytes = load(at);
    const __m256i special = either(either(is(bytes, '"'), is(bytes, '\\')), is_control(bytes));
    const auto first = static_cast<std::size_t>(std::countr_zero(ones(special) | (Bits{1} << short_size)));
    non_ascii = ones(bytes) != 0;
    return first < short_size && at[first] == '"' ? first : short_size;
  }

 private:
  DISTIQ_AVX2 static __m256i load(const char* at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }
  DISTIQ_AVX2 static __m256i is(__m256i bytes, char c) { return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)); }
  DISTIQ_AVX2 static __m256i is_control(__m256i bytes) {
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
  }
  DISTIQ_AVX2 static __m256i is_letter(__m256i bytes) {
    const __m256i low = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(letters_by_low()), bytes);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
    const __m256i found =
        _mm256_and_si256(low, _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(letters_by_high()), high));
    return _mm256_andnot_si256(_mm256_cmpeq_epi8(found, _mm256_setzero_si256()), _mm256_set1_epi8(-1));
  }
  DISTIQ_AVX2 static __m256i either(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }
  DISTIQ_AVX2 static Bits ones(__m256i flags) { return static_cast<unsigned>(_mm256_movemask_epi8(flags)); }
  DISTIQ_AVX2 static Bits ones(__m256i low, __m256i high) { return ones(low) | ones(high) << 32; }
};

#define DISTIQ_AVX512 __attribute__((target("avx512f,avx512bw,bmi")))

// A compare is a mask at once, and a block is one register.
struct Avx512Block {
  DISTIQ_AVX512 static BlockBits read(const char* at) {
    const __m512i bytes = load(at);
    return {is(bytes, '"'), is(bytes, '\\'), is_control(bytes), _mm512_movepi8_mask(bytes)};
  }
  DISTIQ_AVX512 static Bits escape_letters(const char* at, Bits) {
    const __m512i bytes = load(at);
    const __m512i low = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(letters_by_low()), bytes);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(0x0F));
    return _mm512_test_epi8_mask(low, _mm512_shuffle_epi8(_mm512_broadcast_i32x4(letters_by_high()), high));
  }
  static constexpr std::size_t short_size = block_size;
  DISTIQ_AVX512 static std::size_t short_end(const char* at, bool& non_ascii) {
    const __m512i bytes = load(at);
    const Bits quotes = is(bytes, '"');
    non_ascii = _mm512_movepi8_mask(bytes) != 0;
    const Bits before = (quotes - 1) & ~quotes;
    const bool plain = ((is(bytes, '\\') | is_control(bytes)) & before) == 0;
    return plain && quotes != 0 ? static_cast<std::size_t>(std::countr_zero(quotes)) : short_size;
  }

 private:
  DISTIQ_AVX512 static __m512i load(const char* at) { return _mm512_loadu_si512(at); }
  DISTIQ_AVX512 static Bits is(__m512i bytes, char c) { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
  DISTIQ_AVX512 static Bits is_control(__m512i bytes) { return _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)); }
};

const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
const bool has_avx512 = __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("bmi") != 0;

#endif

// Which bytes are escaped by the backslash before them. `first_is_escaped` carries over from block to block. The
// addition runs along each row of backslashes; whether it ends on an even or odd place tells if what follows is
// escaped (simdjson's find_escaped, arXiv:1902.08318 section 3.1.1).
Bits find_escaped(Bits backslashes, Bits& first_is_escaped) {
  constexpr Bits even_places = 0x5555555555555555;
  backslashes &= ~first_is_escaped;
  const Bits followers = (backslashes << 1) | first_is_escaped;
  const Bits odd_starts = backslashes & ~even_places & ~followers;
  Bits even_rows = 0;
  first_is_escaped = __builtin_add_overflow(odd_starts, backslashes, &even_rows) ? 1 : 0;
  return (even_places ^ (even_rows << 1)) & followers;
}

template <class Block>
inline StringEnd find_end(std::string_view text, std::size_t from) {
  bool escapes = false;
  bool non_ascii = false;
  if (Block::short_size > 0 && text.size() - from >= Block::short_size) {
    const std::size_t size = Block::short_end(text.data() + from, non_ascii);
    if (size < Block::short_size) return {from + size, false, non_ascii};
  }
  std::array<char, block_size> last;
  Bits first_is_escaped = 0;
  for (std::size_t at = from;; at += block_size) {
    const char* block = text.data() + at;
    if (text.size() - at < block_size) {
      last = {};  // filled up with zeros, which are forbidden as all control characters are
      std::memcpy(last.data(), block, text.size() - at);
      block = last.data();
    }
    __builtin_prefetch(text.data() + std::min(at + prefetch_distance, text.size()));
    const BlockBits bits = Block::read(block);
    const Bits escaped = find_escaped(bits.backslashes, first_is_escaped);
    const Bits closing = bits.quotes & ~escaped;
    const Bits inside = closing == 0 ? ~Bits{0} : (closing - 1) & ~closing;
    if ((bits.controls & inside) != 0) return {};
    if ((escaped & inside) != 0) {
      escapes = true;
      for (Bits left = escaped & inside & ~Block::escape_letters(block, escaped & inside); left != 0;
           left &= left - 1) {
        // A \u, or nothing that JSON knows. Its backslash may stand in the block before.
        if (escape_size(text.substr(at + static_cast<unsigned>(std::countr_zero(left)) - 1)) == 0) return {};
      }
    }
    non_ascii = non_ascii || bits.non_ascii != 0;
    if (closing != 0) return {at + static_cast<unsigned>(std::countr_zero(closing)), escapes, non_ascii};
  }
}

#ifdef __x86_64__
DISTIQ_AVX2 __attribute__((flatten)) StringEnd find_end_avx2(std::string_view text, std::size_t from) {
  return find_end<Avx2Block>(text, from);
}
DISTIQ_AVX512 __attribute__((flatten)) StringEnd find_end_avx512(std::string_view text, std::size_t from) {
  return find_end<Avx512Block>(text, from);
}
#endif

}  // namespace

StringEnd find_string_end(std::string_view text, std::size_t from) {
#ifdef __x86_64__
  if (has_avx512) return find_end_avx512(text, from);
  if (has_avx2) return find_end_avx2(text, from);
#endif
  return find_end<PortableBlock>(text, from);
}

std::vector<StringEndFinder> string_end_finders() {
  std::vector<StringEndFinder> finders = {find_end<PortableBlock>};
#ifdef __x86_64__
  if (has_avx2) finders.push_back(find_end_avx2);
  if (has_avx512) finders.push_back(find_end_avx512);
#endif
  return finders;
}

}  // namespace distiq
