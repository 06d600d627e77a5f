#include "app/config/env_file.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

std::string only_value(std::string_view text) {
  const auto parsed = parse_env_file(text);
  if (!parsed) return "error: " + parsed.error().client_text;
  if (parsed->size() != 1) return "not one setting";
  return parsed->front().value;
}

TEST(EnvFile, names_values_and_line_numbers) {
  const auto parsed = parse_env_file("# comment\n\nPROXY_PORT=1\n  export A_2 = two words \r\nB=\n");
  ASSERT_TRUE(parsed.has_value());
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_EQ(parsed->at(0).name, "PROXY_PORT");
  EXPECT_EQ(parsed->at(0).line, 3);
  EXPECT_EQ(parsed->at(1).name, "A_2");
  EXPECT_EQ(parsed->at(1).value, "two words");
  EXPECT_EQ(parsed->at(1).line, 4);
  EXPECT_EQ(parsed->at(2).value, "");
}

TEST(EnvFile, empty_text_and_bom_are_fine) {
  EXPECT_TRUE(parse_env_file("")->empty());
  EXPECT_EQ(only_value("\xEF\xBB\xBF"
                       "A=1"),
            "1");
}

TEST(EnvFile, bare_value_ends_before_a_comment) {
  EXPECT_EQ(only_value("A=1 # one"), "1");
  EXPECT_EQ(only_value("A=1\t# one"), "1");
  EXPECT_EQ(only_value("A= # nothing"), "");
  EXPECT_EQ(only_value("A=http://h/#x"), "http://h/#x") << "a # inside a word is part of it";
  EXPECT_EQ(only_value("A=b=c"), "b=c");
}

TEST(EnvFile, quotes) {
  EXPECT_EQ(only_value("A='x # $y \\n'"), "x # $y \\n");
  EXPECT_EQ(only_value("A=\"x # \\\"q\\\" \\\\ \\$ \\n\\t\"  # end"), "x # \"q\" \\ $ \n\t");
  EXPECT_EQ(only_value("A=it's"), "it's") << "a quote counts only at the start";
  EXPECT_EQ(only_value("A=\"\""), "");
}

TEST(EnvFile, nothing_is_substituted) {
  EXPECT_EQ(only_value("A=$HOME/${X}`id`$(id)"), "$HOME/${X}`id`$(id)");
}

TEST(EnvFile, bad_lines_are_named_without_their_value) {
  for (const char* text : {"A=1\nsecret-without-name", "A=1\n1A=secret", "A=1\n=secret", "A=1\nA B=secret",
                           "A=1\nA='secret", "A=1\nA=\"secret\\q\"", "A=1\nA=\"secret\" tail", "A=1\nA=\"secret\\"}) {
    const auto parsed = parse_env_file(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::bad_config);
    EXPECT_TRUE(parsed.error().client_text.starts_with("line 2 ")) << parsed.error().client_text;
    EXPECT_EQ(parsed.error().client_text.find("secret"), std::string::npos);
    EXPECT_EQ(parsed.error().log_detail.find("secret"), std::string::npos);
  }
}

TEST(EnvFile, nul_byte_is_refused) {
  EXPECT_FALSE(parse_env_file(std::string_view("A=1\0002\n", 6)).has_value());
}

}  // namespace
}  // namespace distiq
