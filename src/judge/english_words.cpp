#include "judge/english_words.h"

#include <algorithm>
#include <set>
#include <string>

namespace distiq {
namespace {

constexpr std::uint8_t letter_count = 26;
constexpr std::uint64_t no_letters = ~std::uint64_t{0};
constexpr std::uint64_t all_words = ~std::uint64_t{0};
constexpr std::uint16_t unknown_word = 0;
constexpr std::uint16_t crowded_slot = 1;

bool is_english(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

std::uint64_t packed(std::string_view letters) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < letters.size() && i < 8; ++i) {
    bytes |= std::uint64_t{static_cast<unsigned char>(letters[i])} << (8 * i);
  }
  return bytes;
}

}  // namespace

EnglishWords::EnglishWords(const TermMatcher& matcher, std::span<const TermMatcher::Term> terms,
                           const ShapeGroups& groups) {
  const Place between{matcher.between(), 0, 0};
  words_.push_back({no_letters, no_letters, 0, between, 0, 0});
  words_.push_back({no_letters, no_letters, 0, between, 0, 1});
  find_continuations(matcher);
  std::set<std::string_view> words;
  for (TermMatcher::Term term : terms) {
    if (term.text.starts_with('^')) term.text.remove_prefix(1);
    for (std::size_t begin = 0; begin < term.text.size();) {
      const std::size_t end = std::min(term.text.find(' ', begin), term.text.size());
      const std::string_view word = term.text.substr(begin, end - begin);
      const bool alone = begin == 0;
      begin = end + 1;
      const bool is_stem = word.ends_with('*');
      const std::string_view beginning = word.substr(0, word.size() - (is_stem ? 1 : 0));
      if ((groups.everywhere >> term.group & 1) != 0) add_beginning(everywhere_, beginning);
      if (is_stem) {
        if (alone) add_beginning(stems_, beginning);  // after other words it is a place's matter
      } else if (is_english(word) && word.size() <= max_letters) {
        words.insert(word);
      }
    }
  }
  for (const std::string_view word : words) add_word(matcher, word, groups.filler);
}

void EnglishWords::add_word(const TermMatcher& matcher, std::string_view letters, TermMatcher::Groups filler) {
  Word word;
  word.low = packed(letters);
  word.high = letters.size() > 8 ? packed(letters.substr(8)) : 0;
  TermMatcher::State state = matcher.between();
  for (const char letter : letters) {
    state = matcher.next(state, letters::latin(static_cast<unsigned char>(letter)));
    word.found |= matcher.found(state);
  }
  state = matcher.next(state, letters::boundary);
  word.found |= matcher.found(state);
  word.after = place(state);
  word.filler = (word.found & filler) != 0 ? 1 : 0;
  word.found &= ~filler;
  std::uint16_t& slot = slots_[slot_of(word.low, word.high)];
  if (slot != unknown_word) {
    slot = crowded_slot;
    return;
  }
  slot = static_cast<std::uint16_t>(words_.size());
  words_.push_back(word);
}

// Of fewer than four letters every end that they may have.
void EnglishWords::add_beginning(Beginnings& beginnings, std::string_view letters) {
  const std::string_view english = letters.substr(0, letters.find('\''));  // "don't": what is asked for ends there
  if (!is_english(english)) return;
  beginnings[stem_slot(packed(english))] = 1;
  if (english.size() >= 4) return;
  for (char letter = 'a'; letter <= 'z'; ++letter) add_beginning(beginnings, std::string(english) + letter);
}

// A word goes on with a phrase if after some letters the automaton stands elsewhere than it would without the words
// before.
void EnglishWords::find_continuations(const TermMatcher& matcher) {
  places_.resize(matcher.states());
  std::vector<bool> seen(matcher.states());
  for (std::size_t from = 0; from < matcher.states(); ++from) {
    const TermMatcher::State state = matcher.next(static_cast<TermMatcher::State>(from), letters::boundary);
    if (seen[state]) continue;
    seen[state] = true;
    places_[state].state = state;
    if (state != matcher.between()) find_continuations(matcher, places_[state], state, matcher.between(), 0, 0);
  }
}

// `word`: the letters that led here, at most four; where it ends before, zeros stand in their place.
void EnglishWords::find_continuations(const TermMatcher& matcher, Place& place, TermMatcher::State here,
                                      TermMatcher::State alone, std::uint64_t word, unsigned count) {
  const TermMatcher::Walk walk = matcher.walk();
  const auto note = [&] {
    place.continues |= std::uint64_t{1} << two_letters(word);
    place.continues_so |= std::uint64_t{1} << two_letters(word >> 16);
  };
  if (count == 4) return note();
  if (count > 0 && matcher.next(here, letters::boundary) != matcher.next(alone, letters::boundary)) note();
  for (std::uint8_t letter = 0; letter < letter_count; ++letter) {
    const auto symbol = static_cast<std::uint8_t>(letters::latin_a + letter);
    const TermMatcher::State then = walk.next(here, symbol);
    const TermMatcher::State then_alone = walk.next(alone, symbol);
    if (then == then_alone) continue;
    const std::uint64_t longer = word | ('a' + std::uint64_t{letter}) << (8 * count);
    if (matcher.found(then) != matcher.found(then_alone)) {  // whatever follows
      place.continues |= count == 0 ? all_words : std::uint64_t{1} << two_letters(longer);
      place.continues_so = all_words;
    }
    find_continuations(matcher, place, then, then_alone, longer, count + 1);
  }
}

}  // namespace distiq
