// What one pass over a prompt counts: words of each group of terms, code, errors, lists, files, questions. No
// judgement. Linear, no allocation; reads at most the beginning and the end of a very long text. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "judge/english_words.h"
#include "judge/term_matcher.h"

namespace distiq {

struct PromptShape {
  std::size_t bytes = 0;            // of the whole text, without white space around it
  std::uint32_t words = 0;          // of prose; identifiers, numbers and code lines are none
  std::uint32_t filler_words = 0;   // of these: "yes", "please", "давай"
  std::uint32_t foreign_words = 0;  // of these: in other scripts
  std::uint32_t identifiers = 0;    // parse_header, fix(), camelCase, `code`
  std::uint32_t files = 0;          // src/a.cpp, README.md
  std::uint32_t questions = 0;      // question marks in prose
  std::uint32_t clauses = 0;        // commas and semicolons in prose
  std::uint32_t amounts = 0;        // 50k, 2TB
  std::uint32_t numbers = 0;        // 7, 3.5, 10^9 in prose
  std::uint32_t prose_lines = 0;
  std::uint32_t code_lines = 0;   // fenced or looking so
  std::uint32_t trace_lines = 0;  // of errors, logs and stack traces
  std::uint32_t list_items = 0;
  std::array<std::uint32_t, 64> hits{};  // terms found in prose, by group; filler is not kept
  TermMatcher::Groups remarks = 0;       // groups of remarks found within the first 40 words of prose
};

struct ShapeTerms {
  const TermMatcher& matcher;
  const EnglishWords& english;  // made of `matcher`
  const TermMatcher& remarks;   // of what is heard in the first words alone
  ShapeGroups groups;
};

[[nodiscard]] PromptShape shape_of(std::string_view text, const ShapeTerms& terms);

}  // namespace distiq
