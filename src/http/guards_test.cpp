#include "http/guards.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

RequestHead request(std::initializer_list<std::pair<const char*, const char*>> fields,
                    const char* target = "/v1/messages", const char* method = "POST") {
  RequestHead head;
  head.method = method;
  head.target = target;
  for (const auto& [name, value] : fields) head.headers.add(name, value);
  return head;
}

std::optional<ErrorKind> refusal(const RequestHead& head, const GuardConfig& config = {}) {
  const auto error = refuse_request(head, config);
  return error ? std::optional(error->kind) : std::nullopt;
}

TEST(Guards, loopback_names_are_let_in_with_and_without_port) {
  for (const char* host : {"localhost", "LOCALHOST:11434", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:11434"}) {
    EXPECT_EQ(refusal(request({{"Host", host}})), std::nullopt) << host;
  }
}

TEST(Guards, other_names_are_refused_whatever_they_resolve_to) {
  for (const char* host : {"evil.test", "evil.test:11434", "localhost.evil.test", "127.0.0.1.evil.test",
                           "127.0.0.1:80:80", "localhost:x", "[::1", "[::1]x", "", "127.0.0.2"}) {
    EXPECT_EQ(refusal(request({{"Host", host}})), ErrorKind::forbidden) << host;
  }
}

TEST(Guards, allowed_hosts_add_names_but_not_their_subdomains) {
  GuardConfig config;
  config.allowed_hosts = {"proxy.lan"};
  EXPECT_EQ(refusal(request({{"Host", "Proxy.LAN:11434"}}), config), std::nullopt);
  EXPECT_EQ(refusal(request({{"Host", "a.proxy.lan"}}), config), ErrorKind::forbidden);
}

TEST(Guards, a_request_has_exactly_one_host) {
  EXPECT_EQ(refusal(request({})), ErrorKind::client_fault);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}, {"host", "evil.test"}})), ErrorKind::client_fault);
  auto old = request({});
  old.version_minor = 0;
  EXPECT_EQ(refusal(old), std::nullopt);
}

TEST(Guards, web_pages_are_refused_but_our_own) {
  EXPECT_EQ(refusal(request({{"Host", "localhost:11434"}, {"Origin", "http://localhost:11434"}})), std::nullopt);
  for (const char* origin :
       {"https://evil.test", "null", "http://localhost:3000", "http://localhost:11434.evil.test", ""}) {
    EXPECT_EQ(refusal(request({{"Host", "localhost:11434"}, {"Origin", origin}})), ErrorKind::forbidden) << origin;
  }
}

TEST(Guards, a_second_origin_cannot_hide_behind_a_good_one) {
  EXPECT_EQ(refusal(request({{"Host", "localhost"}, {"Origin", "http://localhost"}, {"origin", "http://evil.test"}})),
            ErrorKind::forbidden);
}

TEST(Guards, cross_site_fetches_are_refused) {
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_EQ(refusal(request({{"Host", "localhost"}, {"Sec-Fetch-Site", site}})), ErrorKind::forbidden);
  }
  for (const char* site : {"same-origin", "none"}) {
    EXPECT_EQ(refusal(request({{"Host", "localhost"}, {"Sec-Fetch-Site", site}})), std::nullopt);
  }
}

TEST(Guards, a_token_is_asked_for_where_one_is_set) {
  GuardConfig config;
  config.token = Secret("correct horse");
  EXPECT_EQ(refusal(request({{"Host", "localhost"}}), config), ErrorKind::forbidden);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}, {"x-distiq-token", "correct hors"}}), config),
            ErrorKind::forbidden);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}, {"X-Distiq-Token", "correct horse"}}), config), std::nullopt);
}

TEST(Guards, we_are_no_open_proxy) {
  EXPECT_EQ(refusal(request({{"Host", "localhost"}}, "http://evil.test/")), ErrorKind::client_fault);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}}, "evil.test:443", "CONNECT")), ErrorKind::client_fault);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}}, "/path", "CONNECT")), ErrorKind::client_fault);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}}, "*", "OPTIONS")), std::nullopt);
  EXPECT_EQ(refusal(request({{"Host", "localhost"}}, "*", "GET")), ErrorKind::client_fault);
}

}  // namespace
}  // namespace distiq
