#include "message/json_text.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <array>
#include <random>
#include <vector>

#include "base/text.h"

namespace distiq {
namespace {

std::string decoded(std::string_view inner) {
  std::string out;
  append_decoded(out, inner);
  return out;
}

// A code point as JSON writes it with escapes only.
std::string as_escapes(char32_t c) {
  if (c < 0x10000) return fmt::format("\"\\u{:04x}\"", static_cast<unsigned>(c));
  const unsigned offset = static_cast<unsigned>(c) - 0x10000;
  return fmt::format("\"\\u{:04x}\\u{:04x}\"", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
}

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, only_json_s_own_escapes_are_valid) {
  for (const char* inner :
       {"", "plain", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\\u0041", "\\uD800", "\\udfff\\uD800", "\\uaBcD"}) {
    EXPECT_TRUE(escapes_are_valid(inner)) << inner;
  }
  for (const char* inner :
       {"\\", "\\x", "\\u", "\\u12", "\\u123", "\\u123g", "\\U0041", "a\\'", "\\0", "\\u 123", "\\\\\\"}) {
    EXPECT_FALSE(escapes_are_valid(inner)) << inner;
  }
}

TEST(JsonText, escapes_decode_to_utf8_and_lone_surrogates_to_the_replacement_character) {
  EXPECT_EQ(decoded("a\\n\\t\\\"\\\\\\/\\b\\f\\r"), "a\n\t\"\\/\b\f\r");
  EXPECT_EQ(decoded("\\u0041\\u00e9\\u041f\\u20ac\\uD83D\\uDE00"), "A\xC3\xA9\xD0\x9F\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(decoded("\\uD83D"), "\xEF\xBF\xBD");
  EXPECT_EQ(decoded("\\uDE00\\uD83D"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(decoded("\\uD83Dx\\uDE00"), "\xEF\xBF\xBDx\xEF\xBF\xBD");
  EXPECT_EQ(decoded("\\uD83D\\u0041"),
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(decoded("\\uD83D\\n"), "\xEF\xBF\xBD\n");
  EXPECT_EQ(decoded("\\u0000"), std::string(1, '\0'));
}

TEST(JsonText, comparing_without_a_copy_agrees_with_decoding) {
  const std::vector<std::string> inners = {"",       "a",       "model",          "mod\\u0065l", "m\\u006fdel",
                                           "modelx", "\\u00e9", "\\ud83d\\ude00", "\\ud83d"};
  const std::vector<std::string> texts = {
      "", "a", "model", "modelx", "mode", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD"};
  for (const auto& inner : inners) {
    for (const auto& text : texts) {
      EXPECT_EQ(decoded_equals(inner, text), decoded(inner) == text) << inner << " vs " << text;
      EXPECT_EQ(decoded_starts_with(inner, text), decoded(inner).starts_with(text)) << inner << " vs " << text;
    }
  }
}

TEST(JsonText, any_utf8_text_survives_writing_and_reading) {
  std::mt19937 random(7);  // NOLINT: the same texts every time
  for (int round = 0; round < 500; ++round) {
    std::u32string code_points(random() % 20, U'\0');
    for (auto& c : code_points) {
      constexpr std::array<char32_t, 5> limits = {0x20, 0x80, 0x800, 0x10000, 0x110000};
      do {
        c = random() % limits[random() % limits.size()];
      } while (c >= 0xD800 && c <= 0xDFFF);
    }
    std::string text;
    for (const char32_t c : code_points) {
      const boost::json::value one = boost::json::parse(as_escapes(c));
      text += std::string_view(one.as_string().data(), one.as_string().size());
    }
    const std::string json = written(text);
    EXPECT_EQ(boost::json::parse(json).as_string(), text);
    const std::string_view inner = std::string_view(json).substr(1, json.size() - 2);
    ASSERT_TRUE(escapes_are_valid(inner));
    EXPECT_EQ(decoded(inner), text);
    EXPECT_TRUE(decoded_equals(inner, text));
  }
}

}  // namespace
}  // namespace distiq
