// What a whole English word does to the automaton of terms, looked up at once: most words need no walk by letters.
// Derived from a TermMatcher and never at odds with it: where it cannot answer, the word is to be walked. Built once;
// const afterwards: any thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "judge/term_matcher.h"

namespace distiq {

struct ShapeGroups {
  TermMatcher::Groups everywhere = 0;  // these count in code and traces too
  TermMatcher::Groups filler = 0;
};

namespace letters {

constexpr std::size_t max_english = 16;  // letters of a word that is looked up

struct FirstBytes {
  std::uint64_t low = 0, high = 0;
};

// The first `count` of sixteen bytes.
constexpr std::array<FirstBytes, max_english + 1> make_first_bytes() {
  std::array<FirstBytes, max_english + 1> masks{};
  for (std::size_t count = 1; count <= max_english; ++count) {
    masks[count] = masks[count - 1];
    std::uint64_t& half = count <= 8 ? masks[count].low : masks[count].high;
    half = half << 8 | 0xFF;
  }
  return masks;
}
inline constexpr std::array<FirstBytes, max_english + 1> first_bytes = make_first_bytes();

}  // namespace letters

class EnglishWords {
 public:
  static constexpr std::size_t max_letters = letters::max_english;

  // Where the automaton stands between two words.
  struct Place {
    TermMatcher::State state = 0;
    // Words that may go on with a phrase begun before, by their first two letters and by the two after these.
    std::uint64_t continues = 0;
    std::uint64_t continues_so = 0;
  };
  struct alignas(64) Word {
    std::uint64_t low = 0, high = 0;  // its letters in lower case, padded with zeros; neither is 0 for no word
    TermMatcher::Groups found = 0;    // but filler
    Place after;
    std::uint32_t filler = 0;  // 1: it is one
    std::uint32_t walk = 0;    // 1: several words share the slot, none of them is here
  };

  // Requires: the terms that `matcher` was built of. groups.everywhere: see `may_begin`.
  EnglishWords(const TermMatcher& matcher, std::span<const TermMatcher::Term> terms, const ShapeGroups& groups);

  // What `count` letters at `at` do at a place; nullptr: they must be walked. Requires: 1..max_letters letters of
  // English, in any case, and max_letters readable bytes.
  [[nodiscard]] const Word* find(const unsigned char* at, std::size_t count, const Place& place) const {
    const std::uint64_t low = (load(at) | lower_case) & letters::first_bytes[count].low;
    const std::uint64_t high = (load(at + 8) | lower_case) & letters::first_bytes[count].high;
    const Word& word = words_[slots_[slot_of(low, high)]];
    const std::uint64_t known = word.low == low && word.high == high ? 1 : 0;
    const std::uint64_t goes_on =
        place.continues >> two_letters(low) & place.continues_so >> two_letters(low >> 16) & 1;
    if ((((stems_[stem_slot(low)] | word.walk) & (known ^ 1)) | goes_on) != 0) return nullptr;
    return known != 0 ? &word : &words_[0];
  }
  // Requires: a state after a boundary.
  [[nodiscard]] Place place(TermMatcher::State state) const { return places_[state]; }
  // Whether a word with these letters may be one of a term that counts everywhere. Requires: as `find`, but four bytes
  // do.
  [[nodiscard]] bool may_count_everywhere(const unsigned char* at, std::size_t count) const {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap32(bytes);
    return everywhere_[stem_slot((bytes | lower_case) & letters::first_bytes[count < 4 ? count : 4].low)] != 0;
  }

 private:
  static constexpr unsigned slot_bits = 16;
  static constexpr unsigned stem_bits = 13;
  static constexpr std::uint64_t lower_case = 0x2020202020202020;

  static std::uint64_t load(const unsigned char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
    return bytes;
  }
  static constexpr std::size_t slot_of(std::uint64_t low, std::uint64_t high) {
    return ((low ^ std::rotl(high, 29)) * 0x9E37'79B9'7F4A'7C15) >> (64 - slot_bits);
  }
  // Of the first four letters.
  static constexpr std::size_t stem_slot(std::uint64_t low) {
    return ((low & 0xFFFF'FFFF) * 0x9E37'79B9'7F4A'7C15) >> (64 - stem_bits);
  }
  static constexpr std::size_t two_letters(std::uint64_t low) {
    return ((low & 0xFFFF) * 0x9E37'79B9'7F4A'7C15) >> (64 - 6);
  }

  using Beginnings = std::array<std::uint8_t, 1U << stem_bits>;

  void add_word(const TermMatcher& matcher, std::string_view letters, TermMatcher::Groups filler);
  static void add_beginning(Beginnings& beginnings, std::string_view letters);
  void find_continuations(const TermMatcher& matcher);
  void find_continuations(const TermMatcher& matcher, Place& place, TermMatcher::State here, TermMatcher::State alone,
                          std::uint64_t word, unsigned count);

  std::vector<Word> words_;  // the first is any unknown word, the second stands for crowded slots
  std::vector<Place> places_;
  Beginnings stems_{};                                  // 1: words that begin so need a walk, unless they are known
  Beginnings everywhere_{};                             // 1: words that begin so may count everywhere
  std::array<std::uint16_t, 1U << slot_bits> slots_{};  // indices of words_
};

}  // namespace distiq
