#include "meter/json_member_finder.h"

#include <gtest/gtest.h>

#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 1> model = {"model"};
constexpr std::array<std::string_view, 2> message_model = {"message", "model"};

std::string find(std::span<const std::string_view> path, std::string_view json, std::size_t slice) {
  JsonMemberFinder finder(path);
  for (std::size_t at = 0; at < json.size(); at += slice) finder.feed(json.substr(at, slice));
  const auto found = finder.found();
  return found ? std::string(json.substr(found->at, found->size)) : finder.ended() ? "ended" : "open";
}

struct Case {
  std::span<const std::string_view> path;
  const char* json;
  const char* expected;
};

TEST(JsonMemberFinder, finds_the_member_of_that_path_at_every_split) {
  const Case cases[] = {
      {model, R"({"model":"a"})", R"("a")"},
      {model, R"( { "id" : "x", "model" : "a\"b" , "z":1})", R"("a\"b")"},
      {model, R"({"content":[{"model":"no"}],"usage":{"model":"no"},"model":"yes"})", R"("yes")"},
      {model, R"({"text":"\"model\":\"no\"","model":"yes"})", R"("yes")"},
      {model, R"({"a":"model","model":"yes"})", R"("yes")"},
      {model, R"({"model":"first","model":"second"})", R"("first")"},
      {model, R"({"model":null,"x":1})", "ended"},
      {model, R"({"x":1})", "ended"},
      {model, R"(["model","a"])", "ended"},
      {model, R"({"x":1)", "open"},
      {model, R"({"model":"a)", "open"},
      {model, "", "open"},
      {message_model, R"({"type":"message_start","message":{"id":"m","model":"a"}})", R"("a")"},
      {message_model, R"({"model":"no","message":{"content":[{"model":"no"}],"model":"a"}})", R"("a")"},
      {message_model, R"({"message":{"usage":{}},"model":"no"})", "ended"},
      {message_model, R"({"message":"text","model":"no"})", "ended"},
      {message_model, R"({"a":[[{"message":{"model":"no"}}]],"message":{"model":"yes"}})", R"("yes")"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    const std::size_t size = std::string_view(c.json).size();
    for (std::size_t slice = 1; slice <= size + 1; ++slice) EXPECT_EQ(find(c.path, c.json, slice), c.expected) << slice;
  }
}

TEST(JsonMemberFinder, a_name_of_any_length_costs_no_memory) {
  JsonMemberFinder finder(model);
  finder.feed("{\"" + std::string(1 << 20, 'm') + "\":1,\"model\":\"a\"}");
  ASSERT_TRUE(finder.found());
  EXPECT_EQ(finder.found()->size, 3u);
}

}  // namespace
}  // namespace distiq
