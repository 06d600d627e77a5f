#include "openai/json_object_text.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace distiq {
namespace {

std::string object_of(std::string_view text, std::size_t split) {
  JsonObjectText object;
  std::string out;
  object.take(text.substr(0, split), out);
  object.take(text.substr(split), out);
  object.finish(out);
  return out;
}

TEST(JsonObjectText, the_object_and_nothing_else_however_the_text_is_split) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"a":1})", R"({"a":1})"},
      {"```json\n{\"a\": {\"b\": [1, 2]}}\n```", R"({"a": {"b": [1, 2]}})"},
      {R"(Here it is: {"a":"}\"{"} Anything else?)", R"({"a":"}\"{"})"},
      {R"({"a":"\\"} {"b":2})", R"({"a":"\\"})"},
      {R"(Dear {name}, {{x}}: { "a" : [{}] })", R"({ "a" : [{}] })"},
      {"{ }", "{ }"},
      {"{\n\t\"ключ\":\"знач{ение\"}\n", "{\n\t\"ключ\":\"знач{ение\"}"},
      // Cut by max_tokens: finish_reason says so.
      {R"(``` {"a":[1,)", R"({"a":[1,)"},
      // No object: what was said instead.
      {"I cannot do that.", "I cannot do that."},
      {"[1, 2]", "[1, 2]"},
      {"x {", "x {"},
      {"x { y", "x { y"},
      {"", ""},
  };
  for (const auto& [text, wanted] : cases) {
    for (std::size_t split = 0; split <= text.size(); ++split) ASSERT_EQ(object_of(text, split), wanted) << split;
    JsonObjectText object;
    std::string out;
    for (const char c : text) object.take(std::string_view(&c, 1), out);
    object.finish(out);
    EXPECT_EQ(out, wanted) << "byte by byte";
  }
}

TEST(JsonObjectText, what_belongs_to_the_object_comes_at_once) {
  JsonObjectText object;
  std::string out;
  object.take(R"(So: {"a":)", out);
  EXPECT_EQ(out, R"({"a":)");
  object.take("12", out);
  EXPECT_EQ(out, R"({"a":12)");
}

}  // namespace
}  // namespace distiq
