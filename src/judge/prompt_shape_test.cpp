#include "judge/prompt_shape.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace distiq {
namespace {

constexpr std::array<TermMatcher::Term, 4> terms = {{{"fix", 0}, {"please", 1}, {"exception", 2}, {"баг", 0}}};
constexpr std::array<TermMatcher::Term, 3> remark_terms = {{{"fix", 5}, {"^no", 6}, {"fix please", 7}}};
constexpr ShapeGroups groups = {.everywhere = 4, .filler = 2};

PromptShape shape(std::string_view text) {
  static const TermMatcher matcher = *TermMatcher::build(terms);
  static const EnglishWords english(matcher, terms, groups);
  static const TermMatcher remarks = *TermMatcher::build(remark_terms);
  return shape_of(text, {.matcher = matcher, .english = english, .remarks = remarks, .groups = groups});
}

TEST(prompt_shape, counts_words_and_not_identifiers) {
  struct Case {
    std::string_view text;
    std::uint32_t words, identifiers, files, fix;
  };
  const std::array<Case, 20> cases = {{
      {"fix this", 2, 0, 0, 1},
      {"Fix. FIX, (fix)!", 3, 0, 0, 3},
      {"prefix fixture", 2, 0, 0, 0},
      {"call fix() now", 2, 1, 0, 0},
      {"see src/fix.cpp", 1, 1, 1, 0},
      {"see fix.cpp", 1, 1, 1, 0},
      {"fix_me please", 1, 1, 0, 0},
      {"fixMe please", 1, 1, 0, 0},
      {"run --fix", 1, 1, 0, 0},
      {"run /fix", 1, 1, 1, 0},
      {"a `fix this` b", 2, 1, 0, 0},
      {"quick-fix it", 3, 0, 0, 1},
      {"https://fix.example/fix", 0, 1, 0, 0},
      {"БАГ и баг", 3, 0, 0, 2},
      {"don't fix", 2, 0, 0, 1},
      {"don\xE2\x80\x99t fix", 2, 0, 0, 1},
      {"\xC2\xAB"
       "fix\xC2\xBB\xE2\x80\x94"
       "fix",
       2, 0, 0, 2},
      {"42 fix 7", 1, 0, 0, 1},
      {"fix\tthis\r\nfix", 3, 0, 0, 2},
      {"v2 and 50k", 1, 1, 0, 0},
  }};
  for (const Case& c : cases) {
    const PromptShape got = shape(c.text);
    EXPECT_EQ(got.words, c.words) << c.text;
    EXPECT_EQ(got.identifiers, c.identifiers) << c.text;
    EXPECT_EQ(got.files, c.files) << c.text;
    EXPECT_EQ(got.hits[0], c.fix) << c.text;
  }
}

TEST(prompt_shape, words_of_code_are_not_the_humans) {
  const PromptShape got = shape("why?\n```\nfix fix exception\nreturn 1;\n```\nfix it");
  EXPECT_EQ(got.hits[0], 1u);
  EXPECT_EQ(got.code_lines, 2u);
  EXPECT_EQ(got.prose_lines, 2u);
  EXPECT_EQ(got.questions, 1u);
}

TEST(prompt_shape, a_fence_may_begin_and_end_inside_a_line) {
  const PromptShape got = shape("fix ```js\nlet fix = 1;\nfix()```\nfix");
  EXPECT_EQ(got.hits[0], 2u);
  EXPECT_EQ(got.code_lines, 2u);
}

TEST(prompt_shape, the_line_behind_a_fence_is_looked_at_for_itself) {
  PromptShape got = shape("why?\n```\nx = 1;\n```\nTypeError: x is not a function\nthanks");
  EXPECT_EQ(got.trace_lines, 1u);
  EXPECT_EQ(got.prose_lines, 2u);
  EXPECT_EQ(got.words, 2u);
  got = shape("```\nError: bar```\nfix this now please");
  EXPECT_EQ(got.prose_lines, 1u);
  EXPECT_EQ(got.hits[0], 1u);
  EXPECT_EQ(got.words, 4u);
}

TEST(prompt_shape, knows_code_and_traces_without_fences) {
  const PromptShape got = shape(
      "fix this\n"
      "for (int i = 0; i < n; ++i) {\n"
      "  total += row[i].price;\n"
      "}\n"
      "Traceback (most recent call last):\n"
      "  File \"main.py\", line 41, in <module>\n"
      "KeyError: 'price'\n"
      "    at run (src/a.js:1:2)\n"
      "at noon we talked\n");
  EXPECT_EQ(got.code_lines, 3u);
  EXPECT_EQ(got.trace_lines, 4u);
  EXPECT_EQ(got.prose_lines, 2u);
}

TEST(prompt_shape, error_words_count_in_pasted_errors_too) {
  EXPECT_EQ(shape("Caused by an exception, fix").hits[2], 1u);
  EXPECT_EQ(shape("Caused by an exception, fix").hits[0], 0u);
}

TEST(prompt_shape, counts_lists_clauses_and_amounts) {
  const PromptShape got = shape("Requirements:\n1. 50k events, fast\n2) 13 months\n- cheap; safe\n* small\n12 monkeys");
  EXPECT_EQ(got.list_items, 4u);
  EXPECT_EQ(got.clauses, 2u);
  EXPECT_EQ(got.amounts, 1u);
  EXPECT_EQ(got.numbers, 2u);
}

TEST(prompt_shape, numbers_are_counted_in_prose_alone) {
  EXPECT_EQ(shape("take 3 of 7.5, then 10^9").numbers, 3u);
  EXPECT_EQ(shape("x2 and v1.4 and 50k").numbers, 0u);
  EXPECT_EQ(shape("```\n1 2 3\n```").numbers, 0u);
}

TEST(prompt_shape, what_is_read_in_blocks_is_what_is_read_by_letters) {
  // The end of a text is read letter by letter: with it in front, the same words go through blocks.
  const std::string tail(200, '.');
  for (const std::string_view text : {"fix this, then fix; that. Please fix", "fixMe and FIX",
                                      "an exceptionally long word: internationalisationalist fix", "fix-it don't fix",
                                      "exception: fix? fix!", "fix\tfix\r\nfix"}) {
    const PromptShape bare = shape(text);
    const PromptShape longer = shape(std::string(text) + "\n" + tail);
    EXPECT_EQ(bare.words, longer.words) << text;
    EXPECT_EQ(bare.hits, longer.hits) << text;
    EXPECT_EQ(bare.filler_words, longer.filler_words) << text;
    EXPECT_EQ(bare.identifiers, longer.identifiers) << text;
    EXPECT_EQ(bare.clauses, longer.clauses) << text;
    EXPECT_EQ(bare.remarks, longer.remarks) << text;
  }
}

TEST(prompt_shape, a_frame_of_a_trace_hides_no_term_and_ends_a_phrase) {
  const std::string tail = "\n" + std::string(200, '.');
  EXPECT_EQ(shape("at run (src/a.js:1:2)" + tail).hits[2], 0u);
  EXPECT_EQ(shape("at exception (src/a.js:1:2)" + tail).hits[2], 1u);
  EXPECT_EQ(shape("at Exception.run (src/exception.js:1:2)" + tail).hits[2], 0u);
  EXPECT_EQ(shape("at run (src/a.js:1:2)" + tail).trace_lines, 1u);
  EXPECT_EQ(shape("at run (src/a.js:1:2)\nfix" + tail).hits[0], 1u);
}

TEST(prompt_shape, filler_is_counted_apart) {
  const PromptShape got = shape("please please fix");
  EXPECT_EQ(got.words, 3u);
  EXPECT_EQ(got.filler_words, 2u);
}

TEST(prompt_shape, remarks_are_heard_in_the_first_forty_words) {
  constexpr TermMatcher::Groups fix = 1U << 5, no = 1U << 6, fix_please = 1U << 7;
  std::string text;
  for (int i = 0; i < 40; ++i) text += "word ";
  EXPECT_EQ(shape(text + "fix").remarks, 0u);
  EXPECT_EQ(shape(text.substr(5) + "fix").remarks, fix);
  EXPECT_EQ(shape(text.substr(10) + "\nfix\nplease").remarks, fix | fix_please);
  EXPECT_EQ(shape("no fix").remarks, fix | no);
  EXPECT_EQ(shape("word\nno").remarks, 0u);
  EXPECT_EQ(shape("```\nfix\n```\nno").remarks, no);
  EXPECT_EQ(shape("at fix (a.js:1:2)\nx = fix(1); // fix {}\nno").remarks, no);
  EXPECT_EQ(shape(std::string(10'000, 'x') + " fix").remarks, 0u);
}

TEST(prompt_shape, of_a_long_text_beginning_and_end_are_read) {
  const std::string filling(1 << 20, 'x');
  const PromptShape got = shape("fix " + filling + " fix");
  EXPECT_EQ(got.hits[0], 2u);
  EXPECT_EQ(got.bytes, filling.size() + 8);
}

TEST(prompt_shape, what_is_left_out_of_a_long_text_opens_and_closes_fences) {
  std::string lines;
  while (lines.size() < 15'000) lines += "let it be fixed;\n";
  EXPECT_EQ(shape("fix\n```\n" + lines + "```\nfix that").hits[0], 2u);
  EXPECT_EQ(shape("fix\n" + lines + "```\nfix fix\n" + lines.substr(0, 6'000) + "fix that").hits[0], 1u)
      << "the last words stand in the fence";
}

TEST(prompt_shape, bytes_that_are_no_text_divide_words) {
  for (const std::string_view between : {std::string_view("\0", 1), std::string_view("\xFF"),
                                         std::string_view("\xC0\x80"), std::string_view("\xF0\x9F\x91\x8D")}) {
    EXPECT_EQ(shape("fix" + std::string(between) + "fix").hits[0], 2u) << testing::PrintToString(between);
  }
}

TEST(prompt_shape, cut_characters_at_the_end_are_safe) {
  for (const std::string_view end : {"\xD0", "\xE2", "\xE2\x80", "\xF0\x9F", "\xE4\xB8"}) {
    const std::string text = "fix " + std::string(end);
    EXPECT_EQ(shape(std::string(text.begin(), text.end())).hits[0], 1u);
  }
}

}  // namespace
}  // namespace distiq
