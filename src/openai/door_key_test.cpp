#include "openai/door_key.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

RequestHead head(std::string_view name, std::string_view value) {
  RequestHead out;
  if (!name.empty()) out.headers.add(name, value);
  return out;
}

DoorKeys keys(bool cli = false, std::string lent = "sk-ant-api03-lent") {
  return {.environment_key = Secret(std::move(lent)),
          .proxy_token = Secret(),
          .control_key = Secret("local"),
          .use_cli = cli};
}

TEST(DoorKey, the_callers_own_key_is_used_whatever_else_there_is) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer sk-ant-api03-mine"},
                                                        {"authorization", "bearer  sk-ant-api03-mine"},
                                                        {"x-api-key", "sk-ant-api03-mine"}}) {
    const auto grant = choose_payer(head(name, value), keys(true));
    ASSERT_TRUE(grant.has_value()) << value;
    EXPECT_FALSE(grant->cli);
    EXPECT_EQ(grant->api_key.reveal(), "sk-ant-api03-mine");
  }
}

TEST(DoorKey, a_subscriptions_token_is_never_used) {
  for (const char* token : {"sk-ant-oat01-abc", "sk-ant-ort01-abc", "sk-ant-sid01-abc", "sk-ant-new-abc"}) {
    RequestHead both = head("Authorization", "Bearer " + std::string(token));
    both.headers.add("x-distiq-token", "local");
    const auto grant = choose_payer(both, keys());
    ASSERT_FALSE(grant.has_value()) << token;
    EXPECT_EQ(grant.error().status, 401);
    EXPECT_EQ(grant.error().message.find(token), std::string::npos);
  }
}

TEST(DoorKey, what_is_ours_is_lent_to_who_has_a_local_token_only) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"Authorization", "Bearer dummy"},
                                                        {"Authorization", "Bearer "},
                                                        {"Authorization", "Basic local"},
                                                        {"x-distiq-token", "wrong"},
                                                        {"Authorization", "Bearer some-opaque-token-seen-elsewhere"}}) {
    const auto grant = choose_payer(head(name, value), keys());
    ASSERT_FALSE(grant.has_value()) << value;
    EXPECT_EQ(grant.error().code, "invalid_api_key");
  }
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer local"},
                                                                                    {"x-distiq-token", "local"}}) {
    const auto lent = choose_payer(head(name, value), keys());
    ASSERT_TRUE(lent.has_value()) << value;
    EXPECT_EQ(lent->api_key.reveal(), "sk-ant-api03-lent");
    const auto cli = choose_payer(head(name, value), keys(true));
    ASSERT_TRUE(cli.has_value());
    EXPECT_TRUE(cli->cli);
    EXPECT_TRUE(cli->api_key.empty());
  }
  const auto nothing = choose_payer(head("Authorization", "Bearer local"), keys(false, ""));
  ASSERT_FALSE(nothing.has_value());
  EXPECT_NE(nothing.error().message.find("ANTHROPIC_API_KEY"), std::string::npos);
}

}  // namespace
}  // namespace distiq
