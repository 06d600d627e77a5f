#include "storage/stored_text.h"

#include <gtest/gtest.h>

#include <concepts>

#include "base/secret.h"
#include "stats/request_record.h"

namespace distiq {
namespace {

static_assert(!std::constructible_from<StoredText, Secret>);
static_assert(!std::constructible_from<StoredText, std::string>, "only through a door that checks");
static_assert(!std::convertible_to<Secret, std::string> && !std::convertible_to<Secret, std::string_view>);
static_assert(!std::assignable_from<std::string&, Secret>, "no field of a record takes a Secret");

TEST(StoredText, identifiers_pass) {
  for (const std::string_view text :
       {"", "claude-opus-4-8[1m]", "/v1/messages/count_tokens", "req_011CSHoEeqs5C35K2UUqR7Fy", "2026-11-18T10:00:00Z",
        "0.42", "us-east-1", "eu.anthropic.claude:0"}) {
    EXPECT_EQ(StoredText::identifier(text).view(), text);
  }
}

TEST(StoredText, sentences_do_not_pass_as_identifiers) {
  for (const std::string_view text : {"write me a poem", "привет", "a\nb", "{\"role\":\"user\"}", "a\tb", "quote\""}) {
    EXPECT_EQ(StoredText::identifier(text).view(), "(not stored)") << text;
  }
  EXPECT_EQ(StoredText::identifier(std::string_view("a\0b", 3)).view(), "(not stored)");
}

TEST(StoredText, credentials_pass_nowhere) {
  for (const std::string_view text :
       {"sk-ant-api03-abc", "x/SK-ANT-oat01-abc", "Bearer abc", "x-api-key:abc", "Authorization: abc"}) {
    EXPECT_EQ(StoredText::identifier(text).view(), "(redacted)") << text;
    EXPECT_EQ(StoredText::line(text).view(), "(redacted)") << text;
  }
}

TEST(StoredText, a_credential_behind_the_cut_is_found_too) {
  const std::string text = std::string(300, 'a') + "sk-ant-api03-abc";
  EXPECT_EQ(StoredText::identifier(text).view(), "(redacted)");
  EXPECT_EQ(StoredText::line(text).view(), "(redacted)");
}

TEST(StoredText, every_shape_is_found_at_every_place_and_in_every_case) {
  for (const std::string shape :
       {"sk-ant-", "Sk-aNt-", "X-API-KEY", "x-api-key", "BEARER ", "bearer ", "Authorization:"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (const char filler : {'a', '-', ':', ' ', 's', 'x'}) {
        const std::string text = std::string(before, filler) + shape;
        EXPECT_TRUE(looks_like_credential(text)) << text;
        EXPECT_TRUE(looks_like_credential(text + "tail")) << text;
        EXPECT_FALSE(looks_like_credential(text.substr(0, text.size() - 1))) << text;
      }
    }
  }
}

TEST(StoredText, what_only_resembles_a_credential_passes) {
  for (const std::string_view text : {"", "-", ":", " ", "sk-an", "risk-and-return", "sk_ant-", "x-api-ke", "bearer",
                                      "authorization", "authorization :", "k-ant-", "-ant-", "s\rk-ant-", "SK\rANT-"}) {
    EXPECT_FALSE(looks_like_credential(text)) << text;
  }
}

TEST(StoredText, identifiers_are_cut) {
  EXPECT_EQ(StoredText::identifier(std::string(1000, 'a')).view().size(), 128u);
  EXPECT_EQ(StoredText::identifier("abcdef", 3).view(), "abc");
}

TEST(StoredText, lines_lose_their_breaks_and_are_cut_between_characters) {
  EXPECT_EQ(StoredText::line("two\r\nlines").view(), "two  lines");
  std::string cyrillic;
  for (int i = 0; i < 200; ++i) cyrillic += "ж";
  const StoredText even = StoredText::line(cyrillic);
  EXPECT_EQ(even.view().size(), 240u);
  const std::string shifted = "x" + cyrillic;
  const StoredText odd = StoredText::line(shifted);
  EXPECT_EQ(odd.view().size(), 239u);
  EXPECT_EQ(odd.view(), "x" + cyrillic.substr(0, 238));
}

}  // namespace
}  // namespace distiq
