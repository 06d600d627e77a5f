#include "promptcache/marker_plan.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"
#include "money/price_table.h"

namespace distiq {
namespace {

constexpr PicoUsd rich{1'000'000'000'000};

// An SDK program's request: system and tools of some thousand tokens, then `turns` exchanges.
std::string agent_body(int turns, std::string_view system = "You are an agent.", bool with_tools = true) {
  std::string body =
      fmt::format(R"({{"model":"claude-opus-5-5","max_tokens":1000,"system":"{}{}",)", system, words(8'000));
  if (with_tools) body += R"("tools":[)" + sample_tool("read") + "," + sample_tool("write") + "],";
  body += R"("messages":[{"role":"user","content":"Fix the build"})";
  for (int turn = 1; turn <= turns; ++turn) {
    body += fmt::format(
        R"(,{{"role":"assistant","content":[{{"type":"tool_use","id":"t{0}","name":"read","input":{{}}}}]}},)"
        R"({{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{0}","content":"{1}"}}]}})",
        turn, words(2'000));
  }
  return body + "]}";
}

struct Planned {
  std::string body;
  MarkerPlan plan;
  std::vector<std::string> marked;  // where, as text
};

class Client {
 public:
  Planned send(std::string body, PicoUsd bank = {}, std::uint64_t warm = 0) {
    const auto view = scan_request(body);
    EXPECT_TRUE(view);
    const PromptMap prompt = map_prompt(*view, RequestHead{});
    const ReuseView reuse = stats_.observe(sight_of(prompt, "account"), now_);
    now_ += std::chrono::seconds(20);
    MarkerQuestion question{.view = &*view, .prompt = &prompt, .reuse = &reuse, .bank = bank};
    question.model = PriceTable::builtin().find("claude-opus-5-5");
    question.prompt_tokens = body.size() / 4;
    question.warm_tokens = warm;
    Planned planned;
    planned.plan = plan_markers(question);
    EditPlan edits;
    EXPECT_TRUE(plan_marks(edits, *view, planned.plan));
    planned.body = edits.apply(body)->joined();
    check(planned, prompt);
    return planned;
  }
  void wait(std::chrono::nanoseconds time) { now_ += time; }

 private:
  // What is sent reads as planned: same prompt to the cache, marks where the plan says, within the API's rules.
  static void check(Planned& planned, const PromptMap& before) {
    const auto view = scan_request(planned.body);
    ASSERT_TRUE(view);
    const PromptMap after = map_prompt(*view, RequestHead{});
    const PromptMap expected = with_marks(before, planned.plan);
    EXPECT_EQ(after.breakpoints, expected.breakpoints);
    ASSERT_EQ(after.positions.size(), before.positions.size());
    for (std::size_t i = 0; i < before.positions.size(); ++i) {
      ASSERT_EQ(after.positions[i].prefix_hash, before.positions[i].prefix_hash) << "a marker changes nothing else";
    }
    EXPECT_LE(view->cache_marks.size(), 4u);
    EXPECT_TRUE(planned.plan.marks.empty() || !view->has_duplicate_keys);
    for (const Breakpoint& mark : after.breakpoints) {
      const PromptPosition& at = after.positions[mark.position];
      planned.marked.push_back(at.section == PromptSection::tools            ? "tools"
                               : at.section == PromptSection::system         ? "system"
                               : mark.position + 1 == after.positions.size() ? "tail"
                                                                             : "before");
    }
  }

  ReuseStats stats_;
  MonotonicTime now_{std::chrono::hours(1)};
};

using Marks = std::vector<std::string>;

TEST(MarkerPlan, a_first_request_is_left_alone_even_with_a_full_bank) {
  Client client;
  const Planned first = client.send(agent_body(0), rich);
  EXPECT_TRUE(first.plan.marks.empty());
  EXPECT_EQ(first.body, agent_body(0));
  EXPECT_FALSE(first.plan.why_none.empty());
}

TEST(MarkerPlan, without_savings_only_what_was_seen_is_marked) {
  Client client;
  client.send(agent_body(0));
  const Planned second = client.send(agent_body(1));
  EXPECT_EQ(second.marked, (Marks{"system", "before"}));
}

TEST(MarkerPlan, a_growing_conversation_is_marked_to_its_end_once_the_bank_covers_it) {
  Client client;
  client.send(agent_body(0), rich);
  const Planned second = client.send(agent_body(1), rich);
  EXPECT_EQ(second.marked, (Marks{"system", "tail"}));
  EXPECT_GT(second.plan.at_risk, PicoUsd{});
  EXPECT_EQ(client.send(agent_body(2), rich).marked, (Marks{"system", "tail"}));
}

TEST(MarkerPlan, a_later_session_of_an_agent_is_marked_from_its_first_request) {
  Client client;
  for (int turn = 0; turn < 10; ++turn) client.send(agent_body(turn), rich);
  client.wait(std::chrono::hours(2));
  std::string other = agent_body(0);
  other.replace(other.find("Fix the build"), 13, "Add a feature");
  EXPECT_EQ(client.send(other, rich).marked, (Marks{"system", "tail"}));
  EXPECT_TRUE(client.send(other + "", {}).plan.marks.size() <= 2);
}

TEST(MarkerPlan, one_question_scripts_pay_for_the_shared_part_only) {
  Client client;
  Planned last;
  for (int i = 0; i < 20; ++i) {
    std::string body = agent_body(0);
    body.replace(body.find("Fix the build"), 13, fmt::format("Question number {} of many", i));
    last = client.send(body, rich);
  }
  EXPECT_EQ(last.marked, (Marks{"system"}));
}

TEST(MarkerPlan, one_question_scripts_with_long_pauses_pay_nothing) {
  Client client;
  for (int i = 0; i < 20; ++i) {
    std::string body = agent_body(0);
    body.replace(body.find("Fix the build"), 13, fmt::format("Question number {} of many", i));
    EXPECT_TRUE(client.send(body, rich).plan.marks.empty());
    client.wait(std::chrono::minutes(6));
  }
}

TEST(MarkerPlan, below_the_models_minimum_nothing_is_marked) {
  Client client;
  const std::string_view small = R"({"model":"m","system":"Short.","messages":[{"role":"user","content":"hi"}]})";
  const std::string_view grown =
      R"({"model":"m","system":"Short.","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"a"},{"role":"user","content":"b"}]})";
  client.send(std::string(small), rich);
  const Planned second = client.send(std::string(grown), rich);
  EXPECT_TRUE(second.plan.marks.empty());
  EXPECT_EQ(second.body, grown);
}

TEST(MarkerPlan, more_than_twenty_blocks_between_two_turns_get_a_marker_where_the_last_one_ended) {
  Client client;
  client.send(agent_body(0), rich);
  client.send(agent_body(1), rich);
  const Planned jump = client.send(agent_body(14), rich);
  EXPECT_EQ(jump.marked, (Marks{"system", "before", "tail"}));
}

TEST(MarkerPlan, never_on_thinking_and_never_on_an_empty_end) {
  Client client;
  std::string body = agent_body(1);
  body.insert(
      body.size() - 2,
      R"(,{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"read","input":{}},{"type":"thinking","thinking":"t","signature":"s"}]})");
  client.send(agent_body(0), rich);
  EXPECT_EQ(client.send(body, rich).marked, (Marks{"system", "before"}));
}

// --- clients that set markers

std::string code_body(std::string_view system, std::string_view tail_mark = R"({"type":"ephemeral"})") {
  return fmt::format(
      R"({{"model":"claude-opus-5-5","tools":[{},{}],"system":[{{"type":"text","text":"{}{}","cache_control":{}}}],)"
      R"("messages":[{{"role":"user","content":[{{"type":"text","text":"hi","cache_control":{}}}]}}]}})",
      sample_tool("read"), sample_tool("write"), system, words(4'000), tail_mark, tail_mark);
}

TEST(MarkerPlan, a_free_slot_goes_to_tools_that_other_system_prompts_share) {
  Client client;
  EXPECT_TRUE(client.send(code_body("project a")).plan.marks.empty()) << "nobody shares them yet";
  const Planned second = client.send(code_body("project b"));
  EXPECT_EQ(second.marked, (Marks{"tools", "system", "tail"}));
  EXPECT_EQ(second.plan.at_risk, PicoUsd{}) << "the prefix is written anyway";
  EXPECT_TRUE(client.send(code_body("project b"), {}, 5'000).plan.marks.empty()) << "warm: nothing is written";
}

TEST(MarkerPlan, a_marker_before_one_hour_markers_lives_an_hour_too) {
  Client client;
  const std::string_view hour = R"({"type":"ephemeral","ttl":"1h"})";
  client.send(code_body("a", hour));
  const Planned second = client.send(code_body("b", hour));
  ASSERT_EQ(second.plan.marks.size(), 1u);
  EXPECT_EQ(second.plan.marks[0].ttl, CacheTtl::one_hour);
}

TEST(MarkerPlan, full_slots_and_tools_with_markers_stay_as_they_are) {
  Client client;
  std::string four = code_body("a");
  four.insert(
      four.find(R"({"type":"text","text":"hi")"),
      R"({"type":"text","text":"1","cache_control":{"type":"ephemeral"}},{"type":"text","text":"2","cache_control":{"type":"ephemeral"}},)");
  client.send(code_body("b"));
  EXPECT_TRUE(client.send(four).plan.marks.empty());

  std::string on_tool = code_body("c");
  on_tool.replace(on_tool.find(R"(}}],"system")"), 2, R"(},"cache_control":{"type":"ephemeral"}})");
  EXPECT_TRUE(client.send(on_tool).plan.marks.empty());

  std::string automatic = code_body("d");
  automatic.insert(1, R"("cache_control":{"type":"ephemeral"},)");
  EXPECT_TRUE(client.send(automatic).plan.marks.empty());
}

TEST(MarkerPlan, a_body_with_duplicate_keys_is_not_touched) {
  Client client;
  client.send(agent_body(0), rich);
  std::string twice = agent_body(1);
  twice.insert(1, R"("model":"a",)");
  EXPECT_TRUE(client.send(twice, rich).plan.marks.empty());
}

TEST(MarkerPlan, one_hour_for_the_books) {
  PromptMap prompt;
  prompt.positions.resize(3);
  prompt.breakpoints = {{0, CacheTtl::five_minutes}, {2, CacheTtl::one_hour}};
  for (const Breakpoint& mark : with_one_hour(prompt).breakpoints) EXPECT_EQ(mark.ttl, CacheTtl::one_hour);
}

}  // namespace
}  // namespace distiq
