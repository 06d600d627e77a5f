#include "setup/json_edit.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "setup/json_outline.h"

namespace distiq {
namespace {

struct SetCase {
  const char* what;
  const char* before;
  JsonPath path;
  const char* raw;
  const char* after;
};

const SetCase kSetCases[] = {
    {"value replaced in its place",
     "{\"a\":1, \"b\" : \"x\" ,\"c\":2}",
     {"", "b"},
     "\"y\"",
     "{\"a\":1, \"b\" : \"y\" ,\"c\":2}"},
    {"member behind the last, in its style",
     "{\n\t\"a\": 1,\n\t\"b\": 2\n}\n",
     {"", "c"},
     "3",
     "{\n\t\"a\": 1,\n\t\"b\": 2,\n\t\"c\": 3\n}\n"},
    {"line breaks of the file", "{\r\n    \"a\": 1\r\n}", {"", "b"}, "2", "{\r\n    \"a\": 1,\r\n    \"b\": 2\r\n}"},
    {"all in one line", "{\"a\":1}", {"", "b"}, "2", "{\"a\":1,\"b\":2}"},
    {"one line with blanks", "{\"a\": 1}", {"", "b"}, "2", "{\"a\": 1, \"b\": 2}"},
    {"empty file of ours", "{\n}\n", {"env", "K"}, "\"v\"", "{\n  \"env\": {\n    \"K\": \"v\"\n  }\n}\n"},
    {"empty object", "{}", {"", "K"}, "1", "{\n  \"K\": 1\n}"},
    {"missing parent, indent of the file",
     "{\n    \"a\": 1\n}\n",
     {"env", "K"},
     "\"v\"",
     "{\n    \"a\": 1,\n    \"env\": {\n        \"K\": \"v\"\n    }\n}\n"},
    {"missing parent in one line", "{\"a\":1}", {"env", "K"}, "\"v\"", "{\"a\":1,\"env\":{\"K\":\"v\"}}"},
    {"empty parent",
     "{\n  \"env\": {},\n  \"a\": 1\n}",
     {"env", "K"},
     "\"v\"",
     "{\n  \"env\": {\n    \"K\": \"v\"\n  },\n  \"a\": 1\n}"},
    {"parent in one line of a long file",
     "{\n  \"env\": {\"A\": \"1\"},\n  \"a\": 1\n}",
     {"env", "K"},
     "\"v\"",
     "{\n  \"env\": {\"A\": \"1\", \"K\": \"v\"},\n  \"a\": 1\n}"},
};

TEST(JsonEdit, sets_one_member_and_leaves_every_other_byte) {
  for (const auto& each : kSetCases) {
    const auto text = set_json(each.before, each.path, each.raw);
    ASSERT_TRUE(text) << each.what << ": " << text.error().client_text;
    EXPECT_EQ(*text, each.after) << each.what;
  }
}

TEST(JsonEdit, removing_what_was_added_gives_the_text_from_before) {
  for (const auto& each : kSetCases) {
    if (*find_json(each.before, each.path) || !each.path.parent.empty()) continue;
    if (std::string_view(each.before).find('"') == std::string_view::npos) continue;  // blanks of an empty object go
    const auto text = remove_json(each.after, each.path);
    ASSERT_TRUE(text) << each.what;
    EXPECT_EQ(*text, each.before) << each.what;
  }
}

TEST(JsonEdit, removes_first_middle_last_and_only_member) {
  constexpr std::string_view text = "{\n  \"a\": 1,\n  \"b\": [2, 3],\n  \"c\": 4\n}";
  EXPECT_EQ(*remove_json(text, {"", "a"}), "{\n  \"b\": [2, 3],\n  \"c\": 4\n}");
  EXPECT_EQ(*remove_json(text, {"", "b"}), "{\n  \"a\": 1,\n  \"c\": 4\n}");
  EXPECT_EQ(*remove_json(text, {"", "c"}), "{\n  \"a\": 1,\n  \"b\": [2, 3]\n}");
  EXPECT_EQ(*remove_json(text, {"", "d"}), text);
  EXPECT_EQ(*remove_json(text, {"env", "d"}), text);
  EXPECT_EQ(*remove_json("{\"env\": {\n \"K\": 1 }}", {"env", "K"}), "{\"env\": {}}");
}

TEST(JsonEdit, refuses_what_readers_could_understand_in_two_ways) {
  EXPECT_FALSE(set_json("{\"a\":1,\"a\":2}", {"", "a"}, "3"));
  EXPECT_FALSE(set_json("{\"env\":{},\"env\":{}}", {"env", "a"}, "3"));
  EXPECT_FALSE(set_json("{\"env\":{\"K\":1,\"\\u004b\":2}}", {"env", "K"}, "3"));
  EXPECT_FALSE(set_json("{\"env\":[]}", {"env", "K"}, "3"));
  EXPECT_FALSE(find_json("{\"env\":null}", {"env", "K"}));
  EXPECT_FALSE(set_json("{oops}", {"env", "K"}, "3"));
  EXPECT_FALSE(remove_json("", {"env", "K"}));
}

// A parsed tree with the same change is the reference.
TEST(JsonEdit, agrees_with_a_change_of_the_parsed_tree) {
  const std::string bases[] = {"{}", "{\"z\":[1,2,{\"env\":3}]}", "{ \"env\" : { } , \"q\" : \"\\u0416\" }",
                               "{\n \"env\": {\n  \"A\": \"1\"\n },\n \"b\": {\"K\": 9}\n}\n"};
  const JsonPath paths[] = {{"", "K"}, {"env", "K"}, {"env", "A"}, {"b", "K"}, {"", "q"}};
  for (const auto& base : bases) {
    for (const auto& path : paths) {
      const auto text = set_json(base, path, "\"new\"");
      if (!text) continue;
      auto expected = boost::json::parse(base).as_object();
      auto* object = &expected;
      if (!path.parent.empty()) {
        auto& parent = expected[path.parent];
        if (!parent.is_object()) parent = boost::json::object();
        object = &parent.as_object();
      }
      (*object)[path.key] = "new";
      EXPECT_EQ(boost::json::parse(*text), boost::json::value(expected)) << *text;
      EXPECT_EQ(**find_json(*text, path), "\"new\"");
      EXPECT_EQ(*set_json(*text, path, "\"new\""), *text) << "a second time changes nothing";
      object->erase(path.key);
      EXPECT_EQ(boost::json::parse(*remove_json(*text, path)), boost::json::value(expected)) << *text;
    }
  }
}

}  // namespace
}  // namespace distiq
