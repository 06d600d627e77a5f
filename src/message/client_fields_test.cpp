#include "message/client_fields.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(ClientFields, are_found_whatever_their_case_and_the_first_of_a_name_counts) {
  RequestHead head;
  head.headers.add("Host", "localhost");
  head.headers.add("X-API-Key", "key");
  head.headers.add("AUTHORIZATION", "Bearer a");
  head.headers.add("authorization", "Bearer b");
  head.headers.add("User-Agent", "claude-cli/2");
  head.headers.add("X-Claude-Code-Session-Id", "s");
  head.headers.add("x-claude-code-agent-id", "");
  head.headers.add("x-claude-code-agent-type", "Explore");
  head.headers.add("Anthropic-Beta", "a,b");
  head.headers.add("X-Distiq-Policy", "saver");
  head.headers.add("x-distiq-door", "openai");
  head.headers.add("x-claude-code-request-class", "main");
  head.headers.add("x-claude-1p-request-class", "first");
  head.headers.add("x-claude-code-a-name-longer-than-any", "none");
  const ClientFields fields(head);
  EXPECT_EQ(fields.x_api_key, "key");
  EXPECT_EQ(fields.authorization, "Bearer a");
  EXPECT_EQ(fields.user_agent, "claude-cli/2");
  EXPECT_EQ(fields.session_id, "s");
  EXPECT_EQ(fields.agent_id, "") << "empty is not absent";
  EXPECT_EQ(fields.agent_type, "Explore");
  EXPECT_EQ(fields.betas, "a,b");
  EXPECT_FALSE(fields.has_more_betas);
  EXPECT_EQ(fields.policy, "saver");
  EXPECT_EQ(fields.door, "openai");
  EXPECT_EQ(fields.request_class, "main");
  EXPECT_EQ(fields.first_party_class, "first");
}

TEST(ClientFields, betas_may_stand_in_several_fields) {
  RequestHead head;
  head.headers.add("anthropic-beta", "a");
  head.headers.add("ANTHROPIC-BETA", "b");
  const ClientFields fields(head);
  EXPECT_EQ(fields.betas, "a");
  EXPECT_TRUE(fields.has_more_betas);
}

TEST(ClientFields, what_is_not_there_or_has_another_name_of_the_same_length_is_absent) {
  RequestHead head;
  head.headers.add("x-api-kez", "key");
  head.headers.add("Authorizatiom", "Bearer a");
  const ClientFields fields(head);
  EXPECT_FALSE(fields.x_api_key || fields.authorization || fields.user_agent || fields.session_id || fields.agent_id);
}

}  // namespace
}  // namespace distiq
