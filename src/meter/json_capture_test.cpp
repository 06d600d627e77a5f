#include "meter/json_capture.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 2> kWanted = {"id", "usage"};

std::string capture(std::string_view text, std::size_t step = 1) {
  JsonCapture capture(kWanted);
  for (std::size_t at = 0; at < text.size(); at += step) capture.feed(text.substr(at, step));
  return capture.to_json();
}

TEST(json_capture, takes_wanted_members_of_the_top_level_only) {
  const struct {
    const char* text;
    const char* captured;
  } cases[] = {
      {R"({"id":"a","usage":{"n":[1,{"id":2}]},"x":{"id":"no"}})", R"({"id":"a","usage":{"n":[1,{"id":2}]}})"},
      {R"( { "usage" : 7 , "id" : "b c" } )", R"({"id":"b c","usage":7})"},
      {R"({"x":"\"id\":1","y":"}{][\\","id":null})", R"({"id":null})"},
      {R"({"id":1,"id":2})", R"({"id":2})"},
      {R"({"ids":1,"i":2,"\u0069d":3})", "{}"},
      {R"([{"id":1}])", "{}"},
      {R"("id")", "{}"},
      {"", "{}"},
      {"{}", "{}"},
      {R"({"id":"cut)", "{}"},
      {R"({"id":1,"usage":{"n":1)", R"({"id":1})"},
      {R"({"id":1}{"id":2})", R"({"id":1})"},
      {R"({"id":})", "{}"},
      {R"({:,,:})", "{}"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    for (const std::size_t step : {1U, 2U, 3U, 1000U}) EXPECT_EQ(capture(c.text, step), c.captured);
  }
}

TEST(json_capture, knows_whether_the_object_ended) {
  JsonCapture capture(kWanted);
  capture.feed(R"({"id":1)");
  EXPECT_FALSE(capture.ended());
  capture.feed("}");
  EXPECT_TRUE(capture.ended());
  EXPECT_FALSE(capture.lost_something());
}

TEST(json_capture, absurd_values_and_keys_are_dropped_and_told) {
  const std::string huge(JsonCapture::kMaxValueBytes, 'x');
  for (const std::size_t step : {1U, 5000U, 1U << 20U}) {
    JsonCapture capture(kWanted);
    const std::string text = "{\"" + huge + "\":1,\"id\":\"" + huge + "\",\"usage\":7}";
    for (std::size_t at = 0; at < text.size(); at += step) capture.feed(std::string_view(text).substr(at, step));
    EXPECT_EQ(capture.to_json(), R"({"usage":7})");
    EXPECT_TRUE(capture.lost_something());
    EXPECT_TRUE(capture.ended());
  }
}

TEST(json_capture, depth_costs_nothing) {
  std::string text = R"({"x":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + R"(,"id":5})";
  EXPECT_EQ(capture(text, 4096), R"({"id":5})");
}

}  // namespace
}  // namespace distiq
