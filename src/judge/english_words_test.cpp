#include "judge/english_words.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "judge/letter_block.h"

namespace distiq {
namespace {

constexpr std::array<TermMatcher::Term, 14> terms = {{{"fix", 0},
                                                      {"trade off*", 2},
                                                      {"it a*", 3},
                                                      {"it offers a fix", 4},
                                                      {"test*", 1},
                                                      {"off*", 1},
                                                      {"the whole codebase", 2},
                                                      {"whole", 3},
                                                      {"whole codeb*", 4},
                                                      {"a b", 5},
                                                      {"^no", 6},
                                                      {"nullpointerexception", 7},
                                                      {"internationalize", 7},
                                                      {"don't fix", 8}}};
constexpr ShapeGroups groups = {.everywhere = 1U << 8, .filler = 1U << 3};
constexpr std::array<std::string_view, 23> words = {"trade",
                                                    "it",
                                                    "fixtures",
                                                    "fix",
                                                    "FIX",
                                                    "fixes",
                                                    "test",
                                                    "testing",
                                                    "tes",
                                                    "of",
                                                    "off",
                                                    "office",
                                                    "offers",
                                                    "the",
                                                    "whole",
                                                    "wholes",
                                                    "codebase",
                                                    "codebases",
                                                    "a",
                                                    "b",
                                                    "no",
                                                    "internationalize",
                                                    "internationalizE"};

struct Walked {
  TermMatcher::State state;
  TermMatcher::Groups found = 0;
};

Walked walk(const TermMatcher& matcher, TermMatcher::State state, std::string_view word) {
  Walked walked{state};
  for (const char letter : std::string(word) + ' ') {
    walked.state = matcher.next(walked.state, letters::latin_symbols[static_cast<unsigned char>(letter)]);
    walked.found |= matcher.found(walked.state);
  }
  return walked;
}

TEST(english_words, do_what_a_walk_by_letters_does_at_every_place) {
  const TermMatcher matcher = *TermMatcher::build(terms);
  const EnglishWords english(matcher, terms, groups);
  int looked_up = 0;
  for (std::size_t i = 0; i < matcher.states(); ++i) {
    const TermMatcher::State place = matcher.next(static_cast<TermMatcher::State>(i), letters::boundary);
    for (const std::string_view word : words) {
      const std::string text = std::string(word) + "zzzzzzzzzzzzzzzz";  // what follows must not matter
      const auto* const found =
          english.find(reinterpret_cast<const unsigned char*>(text.data()), word.size(), english.place(place));
      if (found == nullptr) continue;
      ++looked_up;
      const Walked walked = walk(matcher, place, word);
      EXPECT_EQ(found->after.state, walked.state) << word << " at " << place;
      EXPECT_EQ(found->after.continues, english.place(walked.state).continues) << word;
      EXPECT_EQ(found->after.continues_so, english.place(walked.state).continues_so) << word;
      EXPECT_EQ(found->found, walked.found & ~groups.filler) << word << " at " << place;
      EXPECT_EQ(found->filler, walked.found & groups.filler ? 1U : 0U) << word << " at " << place;
    }
  }
  EXPECT_GT(looked_up, 100);
}

TEST(english_words, know_most_words_and_walk_where_a_phrase_may_go_on) {
  const TermMatcher matcher = *TermMatcher::build(terms);
  const EnglishWords english(matcher, terms, groups);
  const auto known = [&](std::string_view word, TermMatcher::State place) {
    const std::string text = std::string(word) + std::string(16, ' ');
    return english.find(reinterpret_cast<const unsigned char*>(text.data()), word.size(), english.place(place)) !=
           nullptr;
  };
  const TermMatcher::State after_the = walk(matcher, matcher.between(), "the").state;
  for (const std::string_view word : {"fix", "the", "anything", "xylophone"}) {
    EXPECT_TRUE(known(word, matcher.between())) << word;
    EXPECT_TRUE(known(word, after_the)) << word;
  }
  EXPECT_FALSE(known("testing", matcher.between()));
  EXPECT_FALSE(known("whole", after_the));
  EXPECT_TRUE(known("no", matcher.between()));
  EXPECT_FALSE(known("no", matcher.opening()));
}

TEST(english_words, beginnings_of_what_counts_everywhere) {
  const TermMatcher matcher = *TermMatcher::build(terms);
  const EnglishWords english(matcher, terms, groups);
  const auto may_count = [&](std::string_view word, std::size_t letters) {
    return english.may_count_everywhere(reinterpret_cast<const unsigned char*>(word.data()), letters);
  };
  EXPECT_TRUE(may_count("don't", 3));
  EXPECT_TRUE(may_count("FIX ", 3));
  EXPECT_FALSE(may_count("tests", 5));
}

TEST(letter_block, tells_letters_capitals_and_what_is_special) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text(LetterBlock::size, ' ');
    const std::size_t at = static_cast<std::size_t>(byte) * 7 % LetterBlock::size;
    text[at] = static_cast<char>(byte);
    const LetterBlock block = LetterBlock::read(reinterpret_cast<const unsigned char*>(text.data()));
    const std::uint64_t bit = std::uint64_t{1} << at;
    const bool upper = byte >= 'A' && byte <= 'Z';
    EXPECT_EQ(block.letters, upper || (byte >= 'a' && byte <= 'z') ? bit : 0) << byte;
    EXPECT_EQ(block.upper, upper ? bit : 0) << byte;
    EXPECT_EQ(block.special, byte >= 128 || byte == '`' ? bit : 0) << byte;
  }
}

}  // namespace
}  // namespace distiq
