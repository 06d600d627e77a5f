#include "prompt/tokenizer.h"

#include <gtest/gtest.h>

#include <string>

namespace sim {
namespace {

struct Case {
  const char* name;
  std::string text;
  std::int64_t tokens;
};

class TokenizerTable : public testing::TestWithParam<Case> {};

TEST_P(TokenizerTable, counts) {
  EXPECT_EQ(count_text_tokens(GetParam().text), GetParam().tokens);
}

INSTANTIATE_TEST_SUITE_P(
    texts, TokenizerTable,
    testing::Values(Case{"nothing", "", 0}, Case{"a_short_word", "hello", 1},
                    Case{"a_blank_belongs_to_the_word", "hello world", 2}, Case{"a_word_of_six_letters", "window", 1},
                    Case{"a_word_of_seven", "windows", 2}, Case{"a_long_word", "internationalization", 5},
                    Case{"a_capitalised_word_is_one_run", "Hello", 1}, Case{"camel_case_is_two_runs", "fooBar", 2},
                    Case{"an_acronym", "HTTP", 2}, Case{"digits_by_three", "1234567", 3},
                    Case{"indentation_by_eight", "        x", 2}, Case{"newlines_by_two", "a\n\n\nb", 4},
                    Case{"punctuation_by_two", "});", 2}, Case{"cyrillic_by_two_and_a_half", "привет", 3},
                    Case{"cyrillic_of_one_letter", "я", 1}, Case{"accents_by_two", "éé", 1},
                    Case{"chinese_by_one", "你好", 2}, Case{"an_emoji", "\xF0\x9F\x98\x80", 3},
                    Case{"bytes_that_are_not_utf8", "\xFF\xFE", 2}, Case{"a_sequence_cut_short", "\xD0", 1}),
    [](const auto& test) { return test.param.name; });

TEST(Tokenizer, no_constant_of_characters_per_token_fits) {
  const auto per_token = [](const std::string& text) {
    return static_cast<double>(text.size()) / static_cast<double>(count_text_tokens(text));
  };
  const auto english = per_token("the quick brown fox jumps over the lazy dog");
  const auto russian = per_token("съешь ещё этих мягких французских булок");
  const auto code = per_token("for(int i=0;i<n;++i){a[i]=b[i];}");
  const auto digits = per_token("314159265358979323846264338327950288");
  EXPECT_GT(english / code, 1.5);
  EXPECT_GT(english / digits, 1.3);
  EXPECT_GT(russian / code, 1.5);
  EXPECT_NE(english, russian);
}

TEST(Tokenizer, text_in_two_pieces_never_costs_less_than_one_token_each) {
  const std::string text = "Привет, world 12345 {\n\tx = 1;\n}";
  const auto whole = count_text_tokens(text);
  for (std::size_t i = 0; i <= text.size(); ++i)
    EXPECT_GE(count_text_tokens(text.substr(0, i)) + count_text_tokens(text.substr(i)) + 1, whole) << i;
}

TEST(Tokenizer, newer_models_need_thirty_percent_more_rounded_up) {
  EXPECT_EQ(scale_tokens(10, 13), 13);
  EXPECT_EQ(scale_tokens(11, 13), 15);
  EXPECT_EQ(scale_tokens(11, 10), 11);
  EXPECT_EQ(scale_tokens(0, 13), 0);
}

TEST(Tokenizer, an_image_costs_its_pixels_up_to_a_limit) {
  // PNG signature, IHDR, 750 x 100.
  EXPECT_EQ(count_image_tokens("iVBORw0KGgoAAAANSUhEUgAAAu4AAABkCAIAAAA="), 100);
  // 8000 x 8000.
  EXPECT_EQ(count_image_tokens("iVBORw0KGgoAAAANSUhEUgAAH0AAAB9ACAIAAAA="), 4784);
  EXPECT_EQ(count_image_tokens("bm90IGFuIGltYWdl"), 1600);
  EXPECT_EQ(count_image_tokens(""), 1600);
}

}  // namespace
}  // namespace sim
