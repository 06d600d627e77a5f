#include "app/proxy_health.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

constexpr std::string_view whole =
    R"({"status":"ok","version":"0.9","uptime_seconds":3,"upstream":"http://127.0.0.1:9","connections":2,)"
    R"("claude_code":{"recent_requests":7,"with_hints":5,"newest_has_hints":true},)"
    R"("store":{"ok":false,"reason":"full","written":10,"dropped":1,"waiting":4,"settled":12}})";

TEST(ProxyHealth, everything_that_health_says_is_read) {
  const auto health = parse_health(whole);
  ASSERT_TRUE(health);
  EXPECT_EQ(health->version, "0.9");
  EXPECT_EQ(health->upstream, "http://127.0.0.1:9");
  EXPECT_EQ(health->connections, 2u);
  EXPECT_FALSE(health->store_ok);
  EXPECT_EQ(health->store_reason, "full");
  EXPECT_EQ(health->dropped, 1u);
  EXPECT_EQ(health->settled, 12u);
  EXPECT_EQ(health->waiting, 4u);
  EXPECT_EQ(health->recent_requests, 7u);
  EXPECT_EQ(health->with_hints, 5u);
  EXPECT_TRUE(health->newest_has_hints);
}

TEST(ProxyHealth, what_is_not_ours_is_no_health) {
  for (const std::string_view body : {"", "{}", "Ollama is running", R"({"version":"1"})", R"([1])"}) {
    EXPECT_FALSE(parse_health(body)) << body;
  }
  for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(parse_health(whole.substr(0, cut))) << cut;
}

TEST(ProxyHealth, strange_values_count_as_nothing) {
  const auto health = parse_health(R"({"version":7,"upstream":[],"store":{"waiting":-3,"settled":"x"}})");
  ASSERT_TRUE(health);
  EXPECT_EQ(health->version, "");
  EXPECT_EQ(health->upstream, "");
  EXPECT_EQ(health->waiting, 0u);
  EXPECT_EQ(health->settled, 0u);
}

}  // namespace
}  // namespace distiq
