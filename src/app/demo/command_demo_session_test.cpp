#include "app/demo/command_demo_session.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(DemoSession, compiled_in_sessions_are_whole_requests) {
  const auto requests = demo_requests();
  ASSERT_GE(requests.size(), 10u);
  EXPECT_FALSE(requests.front().title.empty());
  std::size_t sessions = 0;
  for (const auto& request : requests) {
    sessions += request.title.empty() ? 0 : 1;
    EXPECT_TRUE(request.message.starts_with("POST /v1/messages"));
    EXPECT_NE(request.message.find("\r\nConnection: close\r\n"), std::string_view::npos);
    const auto body = request.message.find("\r\n\r\n");
    ASSERT_NE(body, std::string_view::npos);
    const auto length = "\r\nContent-Length: " + std::to_string(request.message.size() - body - 4) + "\r\n";
    EXPECT_NE(request.message.find(length), std::string_view::npos);
  }
  EXPECT_GE(sessions, 4u);
}

TEST(DemoSession, parsing_stops_at_a_broken_part) {
  EXPECT_TRUE(parse_demo_requests("").empty());
  EXPECT_TRUE(parse_demo_requests("title\t5").empty());
  EXPECT_TRUE(parse_demo_requests("title\t6\nabcde").empty());
  EXPECT_TRUE(parse_demo_requests("title 5\nabcde").empty());
  const auto two = parse_demo_requests("one\t2\nab\t3\ncdetail");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].title, "one");
  EXPECT_EQ(two[0].message, "ab");
  EXPECT_EQ(two[1].title, "");
  EXPECT_EQ(two[1].message, "cde");
}

TEST(DemoSession, status_line) {
  EXPECT_EQ(status_of("HTTP/1.1 200 OK\r\n"), 200);
  EXPECT_EQ(status_of("HTTP/1.0 502 x"), 502);
  for (const char* bad : {"", "HTTP/1.1 20", "HTTP/2 200 OK", "garbage of some length"})
    EXPECT_EQ(status_of(bad), 0) << bad;
}

}  // namespace
}  // namespace distiq
