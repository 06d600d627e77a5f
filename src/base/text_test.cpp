#include "base/text.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Text, lines_are_what_stands_between_line_ends) {
  using Lines = std::vector<std::string_view>;
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("a"), Lines{"a"});
  EXPECT_EQ(lines_of("a\n\nb\n"), (Lines{"a", "", "b"}));
  EXPECT_EQ(lines_of("\n"), Lines{""});
}

TEST(Text, json_strings_of_any_length_with_anything_anywhere) {
  for (const std::string_view odd :
       {"\"", "\\", "\n", "\t", "\r", "\x01", "é", "猫", "😀", "\xff", "\x1f", " ", "\x7f"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 20; ++after) {
        const std::string one = json(odd);
        const std::string wanted =
            "\"" + std::string(before, 'a') + one.substr(1, one.size() - 2) + std::string(after, '~') + "\"";
        ASSERT_EQ(json(std::string(before, 'a') + std::string(odd) + std::string(after, '~')), wanted);
      }
    }
  }
  EXPECT_EQ(json("\t\r"), "\"\\t\\r\"");
}

TEST(Text, trim_takes_only_the_given_characters_and_only_at_the_ends) {
  EXPECT_EQ(trim(" \ta b\r\n", white_space), "a b");
  EXPECT_EQ(trim(" \ta b\r\n", " "), "\ta b\r\n");
  EXPECT_EQ(trim("a", white_space), "a");
  EXPECT_EQ(trim(" \n ", white_space), "");
  EXPECT_EQ(trim("", white_space), "");
}

TEST(Text, blank_is_what_has_no_other_character) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(" \t\r\n"));
  EXPECT_FALSE(is_blank(" . "));
  EXPECT_FALSE(is_blank("\v"));
}

TEST(Text, hex_keeps_leading_zeros_and_high_bits) {
  EXPECT_EQ(to_hex(std::as_bytes(std::span(std::string_view("\x00\x0f\x7f\xff", 4)))), "000f7fff");
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex16(0), "0000000000000000");
  EXPECT_EQ(to_hex16(0x1f0), "00000000000001f0");
  EXPECT_EQ(to_hex16(0xfedcba9876543210), "fedcba9876543210");
}

TEST(Text, printable_keeps_letters_of_any_language) {
  EXPECT_EQ(printable("plain ёж 猫 😀"), "plain ёж 猫 😀");
  EXPECT_EQ(printable(""), "");
}

TEST(Text, printable_escapes_controls_and_broken_utf8) {
  EXPECT_EQ(printable(std::string_view("a\0b\t\n\x7f", 6)), "a\\x00b\\x09\\x0a\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong slash";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "C1 control";
}

TEST(Text, printable_cuts_and_says_so) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable("ёёё", 3), "ёё...") << "never inside a character";
}

TEST(Text, json_string_escapes_what_json_demands) {
  EXPECT_EQ(json("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
  EXPECT_EQ(json(std::string_view("\0\n\x1f\x7f", 4)), "\"\\u0000\\n\\u001f\x7f\"");
  EXPECT_EQ(json("ёж\xff"), "\"ёж\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace distiq
