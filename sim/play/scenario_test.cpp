#include "play/scenario.h"

#include <gtest/gtest.h>

#include "base/json_fields.h"

namespace sim {
namespace {

Conversation talk(std::string prompt, std::size_t step = 0) {
  Conversation conversation;
  conversation.prompt = std::move(prompt);
  conversation.step = step;
  conversation.tools = {"Bash", "Read", "Write", "Agent", "WebSearch"};
  conversation.working_directory = "/work";
  return conversation;
}

// "Bash Read" for the tools an answer calls, "-" for none.
std::string calls(const Answer& answer) {
  std::string names;
  for (const auto& block : answer.content)
    if (string_or_empty(block.as_object(), "type") == "tool_use")
      names += (names.empty() ? "" : " ") + std::string(string_or_empty(block.as_object(), "name"));
  return names.empty() ? "-" : names;
}

const boost::json::object& input_of(const Answer& answer) {
  return answer.content.back().at("input").as_object();
}

TEST(Scenario, takes_one_step_per_request_and_then_says_so) {
  const std::string prompt = "Run echo hi, then read a.txt";
  EXPECT_EQ(calls(play_default(talk(prompt, 0))), "Bash");
  EXPECT_EQ(input_of(play_default(talk(prompt, 0))).at("command"), "echo hi");
  EXPECT_EQ(calls(play_default(talk(prompt, 1))), "Read");
  EXPECT_EQ(input_of(play_default(talk(prompt, 1))).at("file_path"), "/work/a.txt");
  auto last = talk(prompt, 2);
  last.last_result = "1\thello\n2\t";
  EXPECT_EQ(calls(play_default(last)), "-");
  EXPECT_EQ(play_default(last).content.back().at("text"), "Done. The last result begins: 1\thello");
}

TEST(Scenario, loops_as_often_as_asked) {
  for (std::size_t step = 0; step < 4; ++step) EXPECT_EQ(calls(play_default(talk("loop 4", step))), "Bash") << step;
  EXPECT_EQ(calls(play_default(talk("loop 4", 4))), "-");
}

TEST(Scenario, calls_in_parallel) {
  EXPECT_EQ(calls(play_default(talk("run a and at once run b and at once read c"))), "Bash Bash Read");
}

TEST(Scenario, knows_agents_search_and_writing) {
  EXPECT_EQ(calls(play_default(talk("Use an agent"))), "Agent");
  EXPECT_EQ(calls(play_default(talk("search the web for bun"))), "WebSearch");
  const auto written = play_default(talk("write some words to b.txt"));
  EXPECT_EQ(input_of(written).at("file_path"), "/work/b.txt");
  EXPECT_EQ(input_of(written).at("content"), "some words");
}

TEST(Scenario, loads_a_deferred_tool_first) {
  auto conversation = talk("search the web for bun");
  conversation.tools = {"ToolSearch"};
  EXPECT_EQ(calls(play_default(conversation)), "ToolSearch");
  EXPECT_EQ(input_of(play_default(conversation)).at("query"), "select:WebSearch");
  conversation.step = 1;
  conversation.tools.push_back("WebSearch");
  EXPECT_EQ(calls(play_default(conversation)), "WebSearch");
}

TEST(Scenario, calls_only_tools_that_are_offered) {
  auto conversation = talk("run ls, then read a");
  conversation.tools = {"Read"};
  EXPECT_EQ(calls(play_default(conversation)), "Read");
  conversation.tools.clear();
  EXPECT_EQ(calls(play_default(conversation)), "-");
}

TEST(Scenario, answers_whatever_else_with_a_sentence) {
  EXPECT_EQ(play_default(talk("Why?")).content.back().at("text"), "The simulator answers: Why?");
  EXPECT_FALSE(play_default(talk("")).content.empty());
}

TEST(Scenario, plays_the_helpers) {
  const auto text_in = [](Lane lane) {
    auto conversation = talk("x");
    conversation.lane = lane;
    return std::string(view(play_default(conversation).content.back().at("text").as_string()));
  };
  EXPECT_EQ(boost::json::parse(text_in(Lane::title)).at("title"), "Simulated session");
  EXPECT_NE(text_in(Lane::compaction).find("<summary>"), std::string::npos);
  EXPECT_NE(text_in(Lane::classifier).find("<severity>"), std::string::npos);
  EXPECT_NE(text_in(Lane::web_search).find("https://"), std::string::npos);
}

Conversation read(std::string_view body, const HeaderList& headers = {}) {
  return read_conversation(boost::json::parse(body).as_object(), headers);
}

TEST(ConversationReader, finds_the_human_among_what_the_client_adds) {
  const auto conversation = read(
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"the prompt"}]},
          {"role":"system","content":"Primary working directory: /srv/a\nmore"},
          {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"A","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"out"}]},{"type":"text","text":"Tool loaded."}]}]})");
  EXPECT_EQ(conversation.prompt, "the prompt");
  EXPECT_EQ(conversation.step, 1u);
  EXPECT_EQ(conversation.last_result, "out");
  EXPECT_EQ(conversation.working_directory, "/srv/a");
  EXPECT_EQ(conversation.lane, Lane::main);
}

TEST(ConversationReader, a_new_prompt_begins_a_new_turn) {
  const auto conversation = read(
      R"({"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"a"},{"role":"user","content":"two"}]})");
  EXPECT_EQ(conversation.prompt, "two");
  EXPECT_EQ(conversation.step, 0u);
}

TEST(ConversationReader, a_task_notification_is_a_turn_without_a_human) {
  const auto conversation = read(
      R"({"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"a"},
          {"role":"user","content":[{"type":"text","text":"<system-reminder>\n[SYSTEM NOTIFICATION - NOT USER INPUT]\ndone"}]}]})");
  EXPECT_TRUE(conversation.notification);
  EXPECT_EQ(conversation.prompt, "");
}

TEST(ConversationReader, tells_the_lanes_apart) {
  EXPECT_EQ(read(R"({"messages":[]})", {{"X-Claude-Code-Agent-Id", "a"}}).lane, Lane::subagent);
  EXPECT_EQ(
      read(R"({"messages":[],"output_config":{"format":{"type":"json_schema","schema":{"properties":{"title":{}}}}}})")
          .lane,
      Lane::title);
  EXPECT_EQ(read(R"({"messages":[],"tools":[{"type":"web_search_20250305","name":"web_search"}]})").lane,
            Lane::web_search);
  EXPECT_EQ(read(R"({"messages":[],"stop_sequences":["</severity>"]})").lane, Lane::classifier);
  EXPECT_EQ(
      read(R"({"messages":[{"role":"user","content":[{"type":"text","text":"CRITICAL: Respond with TEXT ONLY. x"}]}]})")
          .lane,
      Lane::compaction);
}

TEST(ConversationReader, deferred_tools_are_at_hand_once_loaded) {
  const std::string tools = R"("tools":[{"name":"A"},{"name":"B","defer_loading":true}])";
  EXPECT_FALSE(read("{" + tools + R"(,"messages":[]})").has_tool("B"));
  EXPECT_TRUE(
      read(
          "{" + tools +
          R"(,"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"tool_reference","tool_name":"B"}]}]}]})")
          .has_tool("B"));
}

}  // namespace
}  // namespace sim
