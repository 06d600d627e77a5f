#include "claude_cli/cli_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace distiq {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CliArguments, no_tools_unless_named) {
  const auto none = cli_arguments({.model = "opus", .effort = "low", .system = "s3cret", .content = "[]"}, "");
  ASSERT_TRUE(none.has_value());
  EXPECT_THAT(*none, IsSupersetOf({"--print", "--tools=", "--model=opus", "--effort=low", "--setting-sources=",
                                   "--strict-mcp-config", "--disable-slash-commands", "--no-session-persistence"}));
  EXPECT_THAT(*none, Not(Contains(StartsWith("--allowedTools"))));
  EXPECT_THAT(*none, Not(Contains(HasSubstr("s3cret")))) << "arguments can be read by every user of the machine";

  const auto some = cli_arguments({}, "Read,Grep");
  ASSERT_TRUE(some.has_value());
  EXPECT_THAT(*some, IsSupersetOf({"--tools=Read,Grep", "--allowedTools=Read,Grep"}));
  EXPECT_THAT(*some, Not(Contains(StartsWith("--model"))));
}

TEST(CliArguments, what_is_no_model_or_effort_is_refused) {
  for (const char* model : {"-x", "a b", "a\nb", "a;b", "$(x)"}) {
    const auto refused = cli_arguments({.model = model, .effort = {}, .system = {}, .content = {}}, "");
    ASSERT_FALSE(refused.has_value()) << model;
    EXPECT_EQ(refused.error().kind, ErrorKind::client_fault);
  }
  EXPECT_FALSE(cli_arguments({.model = "opus", .effort = "--x", .system = {}, .content = {}}, "").has_value());
  EXPECT_TRUE(
      cli_arguments({.model = "claude-opus-4-6[1m]", .effort = "max", .system = {}, .content = {}}, "").has_value());
}

TEST(CliInput, system_prompt_first_then_one_message) {
  EXPECT_EQ(
      cli_input({.model = {}, .effort = {}, .system = "Be \"brief\"\n", .content = R"([{"type":"text","text":"hi"}])"}),
      R"({"type":"control_request","request_id":"1","request":{"subtype":"initialize","systemPrompt":"Be \"brief\"\n"}})"
      "\n"
      R"({"type":"user","message":{"role":"user","content":[{"type":"text","text":"hi"}]}})"
      "\n");
  EXPECT_THAT(cli_input({.model = {}, .effort = {}, .system = {}, .content = "[]"}), StartsWith(R"({"type":"user")"));
}

TEST(CliEnvironment, keeps_the_login_drops_sessions_and_our_own_settings) {
  const Environment user({{"HOME", "/h"},
                          {"PATH", "/bin"},
                          {"CLAUDECODE", "1"},
                          {"CLAUDE_CODE_ENTRYPOINT", "cli"},
                          {"CLAUDE_CODE_OAUTH_TOKEN", "t"},
                          {"CLAUDE_CONFIG_DIR", "/c"},
                          {"ANTHROPIC_BASE_URL", "http://elsewhere"},
                          {"PROXY_TOKEN", "p"},
                          {"DISTIQ_PROXY_PORT", "1"}});
  const auto direct = cli_environment(user, {});
  EXPECT_THAT(direct, IsSupersetOf({"HOME=/h", "PATH=/bin", "CLAUDE_CODE_OAUTH_TOKEN=t", "CLAUDE_CONFIG_DIR=/c",
                                    "ANTHROPIC_BASE_URL=http://elsewhere", "CLAUDE_CODE_DISABLE_ATTACHMENTS=1",
                                    "CLAUDE_CODE_DISABLE_FILE_MENTIONS=1"}));
  for (const char* gone : {"CLAUDECODE=", "CLAUDE_CODE_ENTRYPOINT=", "PROXY_TOKEN=", "DISTIQ_"}) {
    EXPECT_THAT(direct, Not(Contains(StartsWith(gone))));
  }

  const auto through_us = cli_environment(user, {"http://127.0.0.1:11434", Secret("p")});
  EXPECT_THAT(through_us, IsSupersetOf({"ANTHROPIC_BASE_URL=http://127.0.0.1:11434",
                                        "ANTHROPIC_CUSTOM_HEADERS=x-distiq-token: p"}));
}

TEST(CliEnvironment, the_users_own_header_fields_stay) {
  const std::map<std::string, std::string, std::less<>> variables = {{"ANTHROPIC_CUSTOM_HEADERS", "x-a: b"}};
  const Environment user(variables);
  EXPECT_THAT(cli_environment(user, {"http://127.0.0.1:1", Secret("p")}),
              Contains("ANTHROPIC_CUSTOM_HEADERS=x-a: b\nx-distiq-token: p"));
  EXPECT_THAT(cli_environment(Environment(), {"http://127.0.0.1:1", Secret()}),
              Not(Contains(StartsWith("ANTHROPIC_CUSTOM_HEADERS"))));
}

TEST(CliInput, a_schema_goes_by_standard_input_too) {
  const CliRequest request{.model = {}, .effort = {}, .system = {}, .content = "[]", .schema = R"({"type":"object"})"};
  EXPECT_EQ(
      cli_input(request).substr(0, cli_input(request).find('\n')),
      R"({"type":"control_request","request_id":"1","request":{"subtype":"initialize","jsonSchema":{"type":"object"}}})");
  const auto arguments = cli_arguments(request, "");
  ASSERT_TRUE(arguments.has_value());
  for (const std::string& argument : *arguments) EXPECT_EQ(argument.find("object"), std::string::npos) << argument;
}

}  // namespace
}  // namespace distiq
