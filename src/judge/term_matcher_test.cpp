#include "judge/term_matcher.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace distiq {
namespace {

// Words of a text in lower case, divided by single spaces.
TermMatcher::Groups groups_in(const TermMatcher& matcher, std::string_view text) {
  TermMatcher::Groups groups = 0;
  auto state = matcher.opening();
  const auto take = [&](std::uint8_t symbol) {
    state = matcher.next(state, symbol);
    groups |= matcher.found(state);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == ' ') {
      take(letters::boundary);
    } else if (byte == '\'') {
      take(letters::apostrophe);
    } else if (letters::leads_cyrillic(byte)) {
      take(letters::cyrillic(byte, static_cast<unsigned char>(text[++i])).symbol);
    } else {
      take(letters::latin(byte));
    }
  }
  take(letters::boundary);
  return groups;
}

TermMatcher matcher_of(std::span<const TermMatcher::Term> terms) {
  auto matcher = TermMatcher::build(terms);
  EXPECT_TRUE(matcher.has_value());
  return matcher ? *matcher : TermMatcher();
}

struct Case {
  std::string_view text;
  TermMatcher::Groups groups;
};

TEST(term_matcher, finds_words_beginnings_and_phrases) {
  const std::array<TermMatcher::Term, 6> terms = {
      {{"fix", 0}, {"refactor*", 1}, {"рефактор*", 1}, {"whole codebase", 2}, {"codebase", 3}, {"^wrong", 4}}};
  const TermMatcher matcher = matcher_of(terms);
  const std::array<Case, 13> cases = {{{"fix", 1},
                                       {"fixes", 0},
                                       {"prefix fix", 1},
                                       {"prefix", 0},
                                       {"refactoring it", 2},
                                       {"рефакторинг", 2},
                                       {"отрефакторить", 0},
                                       {"the whole codebase", 4 + 8},
                                       {"the whole whole codebase now", 4 + 8},
                                       {"whole new codebase", 8},
                                       {"wrong again", 16},
                                       {"that is wrong", 0},
                                       {"fix the whole codebase by refactoring", 1 + 2 + 4 + 8}}};
  for (const Case& c : cases) EXPECT_EQ(groups_in(matcher, c.text), c.groups) << c.text;
}

TEST(term_matcher, none_is_where_nothing_matches_before_the_next_word) {
  const std::array<TermMatcher::Term, 1> terms = {{{"fix", 0}}};
  const TermMatcher matcher = matcher_of(terms);
  EXPECT_EQ(matcher.next(matcher.between(), letters::latin('x')), TermMatcher::none);
  EXPECT_EQ(matcher.next(TermMatcher::none, letters::latin('f')), TermMatcher::none);
  EXPECT_EQ(matcher.next(TermMatcher::none, letters::boundary), matcher.between());
}

TEST(term_matcher, without_terms_finds_nothing) {
  const TermMatcher matcher = matcher_of({});
  EXPECT_EQ(groups_in(matcher, "fix the whole codebase"), 0u);
}

TEST(term_matcher, refuses_what_could_never_match) {
  for (const std::string_view term : {"", "*", "^", "Fix", "a  b", " a", "a ", "a* b", "x2", "ё", "é", "\xD0", "a*b"}) {
    const std::array<TermMatcher::Term, 1> terms = {{{term, 0}}};
    const auto matcher = TermMatcher::build(terms);
    if (term == "ё") {
      EXPECT_TRUE(matcher.has_value()) << "folded to е";
    } else {
      EXPECT_FALSE(matcher.has_value()) << term;
    }
  }
  const std::array<TermMatcher::Term, 1> no_group = {{{"fix", 64}}};
  EXPECT_FALSE(TermMatcher::build(no_group).has_value());
}

TEST(term_matcher, more_terms_than_states_are_refused) {
  std::vector<std::string> texts;
  for (int i = 0; i < 26 * 26; ++i) {
    texts.push_back(std::string{static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)} +
                    std::string(150, 'q'));
  }
  std::vector<TermMatcher::Term> terms;
  for (const std::string& text : texts) terms.push_back({text, 0});
  const auto matcher = TermMatcher::build(terms);
  ASSERT_FALSE(matcher.has_value());
  EXPECT_EQ(matcher.error().kind, ErrorKind::bad_config);
}

}  // namespace
}  // namespace distiq
