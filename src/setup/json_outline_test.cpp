#include "setup/json_outline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace distiq {
namespace {

using testing::HasSubstr;

TEST(JsonOutline, members_come_in_order_with_their_places) {
  constexpr std::string_view text = "\xEF\xBB\xBF { \"a\" : 1,\n\t\"b\\u0041\":[{\"a\":2}] , \"a\": null }\r\n";
  const auto object = outline_json(text);
  ASSERT_TRUE(object) << object.error().client_text;
  ASSERT_EQ(object->members.size(), 3u);
  EXPECT_EQ(object->members[0].value.of(text), "1");
  EXPECT_EQ(object->members[1].key, "bA");
  EXPECT_EQ(object->members[1].value.of(text), "[{\"a\":2}]");
  EXPECT_EQ(object->range.of(text).front(), '{');
  EXPECT_EQ(object->range.of(text).back(), '}');
  EXPECT_EQ(object->count("a"), 2u);
  EXPECT_EQ(object->find("a")->value.of(text), "null") << "the last one, as JSON.parse";
  EXPECT_EQ(object->find("c"), nullptr);
}

TEST(JsonOutline, what_is_not_an_object_of_json_is_refused_with_its_place) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "line 1, column 1"},
      {"[]", "line 1, column 1"},
      {"{", "line 1, column 2"},
      {"{}x", "line 1, column 3"},
      {"{\"a\":1,}", "line 1, column 8"},
      {"{\n  // remark\n}", "line 2, column 3"},
      {"{\n\"a\": 01}", "line 2, column 7"},
      {"{\"a\": .5}", "line 1, column 7"},
      {"{\"a\": 1.}", "line 1, column 9"},
      {"{\"a\": 1e}", "line 1, column 9"},
      {"{\"a\": tru}", "line 1, column 7"},
      {"{\"a\": \"\n\"}", "line 1, column 8"},
      {"{\"a\": \"\\x\"}", "line 1, column 9"},
      {"{\"a\": \"\\u12g4\"}", "line 1, column 12"},
      {"{'a': 1}", "line 1, column 2"},
      {"{\"a\" 1}", "line 1, column 6"},
  };
  for (const auto& [text, place] : cases) {
    const auto object = outline_json(text);
    ASSERT_FALSE(object) << text;
    EXPECT_THAT(object.error().client_text, HasSubstr(place)) << text;
  }
}

TEST(JsonOutline, depth_is_bounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(outline_json(nested(150)));
  EXPECT_FALSE(outline_json(nested(100'000)));
}

TEST(JsonOutline, every_cut_of_a_text_is_refused_and_agrees_with_another_parser) {
  const std::string text = R"({"a": [1, -2.5e+3, "x\"\\\u00e9", true, null, {}], "b": {"c": false}})";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto cut = text.substr(0, size);
    boost::system::error_code error;
    (void)boost::json::parse(cut, error);
    EXPECT_EQ(outline_json(cut).has_value(), !error) << cut;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : std::string_view("x\"{}[],:0 \\-")) {
      auto changed = text;
      changed[at] = c;
      boost::system::error_code error;
      const auto value = boost::json::parse(changed, error);
      const bool valid = !error && value.is_object();
      EXPECT_EQ(outline_json(changed).has_value(), valid) << changed;
    }
  }
}

TEST(JsonOutline, strings_are_decoded) {
  EXPECT_EQ(json_string_value(R"("a\"\\\/\b\f\n\r\t")"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(json_string_value(R"("\u0416\u20ac\ud83d\ude00")"), "Ж€😀");
  EXPECT_EQ(json_string_value(R"("\ud83d!")"), "\xEF\xBF\xBD!");
  EXPECT_EQ(json_string_value("1"), std::nullopt);
  EXPECT_EQ(json_string_value("\"a\"b"), std::nullopt);
}

TEST(JsonOutline, only_blanks_outside_of_strings_do_not_count) {
  EXPECT_TRUE(same_json(R"({"a": [1, "x \" y"]})", "{\n  \"a\":[1,\t\"x \\\" y\"]\r\n}"));
  EXPECT_FALSE(same_json(R"("a b")", R"("ab")"));
  EXPECT_FALSE(same_json(R"("a\\" )", R"("a\" )"));
  EXPECT_FALSE(same_json("1", "2"));
}

}  // namespace
}  // namespace distiq
