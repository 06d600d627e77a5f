#include "app/config/config_parse.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using std::chrono::milliseconds;

TEST(ConfigParse, whole_numbers_are_digits_in_range) {
  EXPECT_EQ(parse_whole("0", 0, 9), 0u);
  EXPECT_EQ(parse_whole("9", 0, 9), 9u);
  for (const char* bad : {"10", "-1", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_whole(bad, 0, 9)) << bad;
  }
}

TEST(ConfigParse, sizes_take_units_of_1024) {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 36;
  EXPECT_EQ(parse_bytes("65536", 0, kMax), 65536u);
  EXPECT_EQ(parse_bytes("64K", 0, kMax), 65536u);
  EXPECT_EQ(parse_bytes("64 KiB", 0, kMax), 65536u);
  EXPECT_EQ(parse_bytes("2mb", 0, kMax), 2u << 20);
  EXPECT_EQ(parse_bytes("1GiB", 0, kMax), 1u << 30);
  EXPECT_EQ(parse_bytes("5b", 0, kMax), 5u);
  for (const char* bad : {"", "K", "1T", "1.5M", "-1", "1KK", "65G", "18446744073709551615G", "99999999999999999999"}) {
    EXPECT_FALSE(parse_bytes(bad, 0, kMax)) << bad;
  }
  EXPECT_FALSE(parse_bytes("1K", 1025, kMax));
  EXPECT_EQ(parse_bytes("64G", 0, kMax), kMax);
}

TEST(ConfigParse, seconds_take_fractions) {
  const auto parse = [](std::string_view text) { return parse_seconds(text, milliseconds(50), milliseconds(90'000)); };
  EXPECT_EQ(parse("10"), milliseconds(10'000));
  EXPECT_EQ(parse("0.25"), milliseconds(250));
  EXPECT_EQ(parse("90"), milliseconds(90'000));
  for (const char* bad : {"", "0.049", "90.1", "-1", "nan", "inf", "1e1", "1s", " 1", "1e999", "0x10"}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
}

TEST(ConfigParse, ratios_lie_between_0_and_1) {
  EXPECT_EQ(parse_ratio("0.85"), 0.85);
  EXPECT_EQ(parse_ratio("1"), 1.0);
  for (const char* bad : {"1.01", "-0.1", "nan", "85%", ""}) EXPECT_FALSE(parse_ratio(bad)) << bad;
}

TEST(ConfigParse, words_for_true_and_false) {
  for (const char* yes : {"true", "TRUE", "yes", "On", "1"}) EXPECT_EQ(parse_bool(yes), true) << yes;
  for (const char* no : {"false", "no", "OFF", "0"}) EXPECT_EQ(parse_bool(no), false) << no;
  for (const char* bad : {"", "2", "express:*", "tru", "truee"}) EXPECT_FALSE(parse_bool(bad)) << bad;
}

TEST(ConfigParse, lists_are_trimmed_and_lower_case) {
  EXPECT_EQ(parse_list(" A.test ,, b ,"), (std::vector<std::string>{"a.test", "b"}));
  EXPECT_TRUE(parse_list("").empty());
  EXPECT_TRUE(parse_list(" , ").empty());
}

TEST(ConfigParse, hosts) {
  for (const char* good : {"localhost", "a-b.example", "127.0.0.1", "::1", "fe80::1%eth0", "my_host"}) {
    EXPECT_TRUE(is_host(good)) << good;
  }
  for (const char* bad : {"", "*", "a b", "a:80x!", "a/b", "-a", ".a", "a..b", "[::1]", "ж"}) {
    EXPECT_FALSE(is_host(bad)) << bad;
  }
}

struct UpstreamCase {
  std::string_view text;
  UpstreamAddress address;
  std::string_view origin;
};

TEST(ConfigParse, upstream_addresses) {
  const UpstreamCase cases[] = {
      {"https://api.anthropic.com", {true, "api.anthropic.com", 443, ""}, "https://api.anthropic.com"},
      {"https://api.anthropic.com/", {true, "api.anthropic.com", 443, ""}, "https://api.anthropic.com"},
      {"HTTP://LocalHost:8080/a/b//", {false, "localhost", 8080, "/a/b"}, "http://localhost:8080/a/b"},
      {"http://[::1]:9", {false, "::1", 9, ""}, "http://[::1]:9"},
      {"http://h:80", {false, "h", 80, ""}, "http://h"},
      {"https://h:80", {true, "h", 80, ""}, "https://h:80"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_upstream(c.text);
    ASSERT_TRUE(parsed.has_value()) << c.text;
    EXPECT_EQ(*parsed, c.address) << c.text;
    EXPECT_EQ(parsed->origin(), c.origin);
  }
  for (const char* bad :
       {"", "api.anthropic.com", "ftp://h", "https://", "https:///x", "https://user:pw@h", "https://h?x=1",
        "https://h#x", "https://h:0", "https://h:65536", "https://h:", "https://h h", "https://h/a b", "https://h/\x01",
        "https://[::1", "https://[h]", "https://h\\x", "https://::1"}) {
    EXPECT_FALSE(parse_upstream(bad).has_value()) << bad;
  }
}

TEST(ConfigParse, http_proxies) {
  const auto plain = parse_http_proxy("http://proxy.corp:3128/");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->host, "proxy.corp");
  EXPECT_EQ(plain->port, 3128);
  EXPECT_TRUE(plain->credentials.empty());

  const auto bare = parse_http_proxy("proxy.corp");
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->port, 80);

  const auto with_user = parse_http_proxy("http://me:p%40ss%3a@[::1]:1");
  ASSERT_TRUE(with_user.has_value());
  EXPECT_EQ(with_user->host, "::1");
  EXPECT_EQ(with_user->credentials.reveal(), "me:p@ss:");

  for (const char* bad :
       {"", "socks5://h:1", "https://h:1", "http://u:%zz@h", "http://u:%4@h", "http://h:x", "http://h h"}) {
    EXPECT_FALSE(parse_http_proxy(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace distiq
