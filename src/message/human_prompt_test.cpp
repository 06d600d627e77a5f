#include "message/human_prompt.h"

#include <gtest/gtest.h>

#include "message/recordings_for_test.h"
#include "message/request_scanner.h"

namespace distiq {
namespace {

struct Found {
  std::string kind;
  std::string text;
  bool operator==(const Found&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << found.kind << " \"" << found.text << '"';
}

Found find(const std::string& body) {
  const auto view = scan_request(body);
  if (!view) return {std::string(to_string(view.error().reason)), ""};
  const HumanPrompt prompt = find_human_prompt(*view);
  EXPECT_EQ(find_turn_kind(*view), prompt.kind);
  return {std::string(to_string(prompt.kind)), prompt_text(*view, prompt)};
}

Found find_in(std::string_view messages) {
  return find(R"({"messages":[)" + std::string(messages) + "]}");
}

std::string user(std::string_view content) {
  return R"({"role":"user","content":)" + std::string(content) + "}";
}
std::string text(std::string_view inner) {
  return R"({"type":"text","text":")" + std::string(inner) + "\"}";
}

constexpr std::string_view result = R"({"type":"tool_result","tool_use_id":"t","content":"ok"})";
constexpr std::string_view call =
    R"({"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}]})";

TEST(HumanPrompt, a_bare_string_is_the_prompt) {
  EXPECT_EQ(find_in(user(R"("fix it")")), (Found{"prompt", "fix it"}));
}

TEST(HumanPrompt, reminders_before_the_prompt_and_a_system_message_after_it_do_not_count) {
  const std::string messages =
      user("[" + text("<system-reminder>\\nx\\n</system-reminder>") + "," + text("fix it") + "]") +
      R"(,{"role":"system","content":"environment"})";
  EXPECT_EQ(find_in(messages), (Found{"prompt", "fix it"}));
}

TEST(HumanPrompt, escapes_are_decoded_and_escaped_reminders_recognised) {
  const std::string messages =
      user("[" + text("\\u003csystem-reminder>x") + "," + text("\\u041f\\u0440\\u0438 \\ud83d\\ude00 \\ud800!") + "]");
  EXPECT_EQ(find_in(messages), (Found{"prompt", "При \xF0\x9F\x98\x80 \xEF\xBF\xBD!"}));
}

TEST(HumanPrompt, every_text_that_the_client_writes_itself_is_dropped) {
  for (const char* start :
       {"<system-reminder>", "<command-name>", "<command-message>", "<local-command-stdout>", "<local-command-caveat>",
        "[Image: source: /tmp/x.png]", "[Request interrupted by user]", "[Request interrupted by user for tool use]",
        "[Your previous response had no visible output", "Your response above was", "Output token limit hit",
        "Tool loaded.", "CRITICAL: Respond with TEXT ONLY", "This session is being continued"}) {
    EXPECT_EQ(find_in(user("[" + text("do this") + "," + text(start) + "]")), (Found{"prompt", "do this"})) << start;
  }
}

TEST(HumanPrompt, results_only_are_a_loop_step_that_serves_the_earlier_prompt) {
  const std::string start = user(R"("go")") + "," + std::string(call) + ",";
  EXPECT_EQ(find_in(start + user("[" + std::string(result) + "]")), (Found{"loop_step", "go"}));
  EXPECT_EQ(find_in(start + user("[" + std::string(result) + "," + text("Tool loaded.") + "]")),
            (Found{"loop_step", "go"}));
}

TEST(HumanPrompt, words_beside_results_are_a_prompt) {
  const std::string messages = user(R"("go")") + "," + std::string(call) + "," +
                               user("[" + std::string(result) + "," + text("stop, do B") + "]");
  EXPECT_EQ(find_in(messages), (Found{"prompt", "stop, do B"}));
}

TEST(HumanPrompt, a_task_notification_is_a_turn_without_a_human) {
  const std::string start = user(R"("go")") + R"(,{"role":"assistant","content":"started"},)";
  EXPECT_EQ(
      find_in(start + user("[" + text("<system-reminder>\\n[SYSTEM NOTIFICATION - NOT USER INPUT]\\ndone") + "]")),
      (Found{"notification", "go"}));
  EXPECT_EQ(find_in(start + user("[" + text("<task-notification>done") + "]")), (Found{"notification", "go"}));
}

TEST(HumanPrompt, a_label_quoted_deep_inside_a_reminder_is_no_notification) {
  const std::string quoted =
      text("<system-reminder>" + std::string(300, 'x') + "[SYSTEM NOTIFICATION - NOT USER INPUT]");
  EXPECT_EQ(find_in(user("[" + quoted + "]")), (Found{"continuation", ""}));
}

TEST(HumanPrompt, a_nudge_after_a_cut_answer_is_a_continuation) {
  const std::string messages = user(R"("go")") + R"(,{"role":"assistant","content":"par"},)" +
                               user("[" + text("Your response above was cut off") + "]");
  EXPECT_EQ(find_in(messages), (Found{"continuation", "go"}));
}

TEST(HumanPrompt, a_prefilled_assistant_turn_is_a_continuation) {
  EXPECT_EQ(find_in(user(R"("go")") + R"(,{"role":"assistant","content":"{"})"), (Found{"continuation", "go"}));
}

TEST(HumanPrompt, a_picture_without_words_is_a_prompt_and_one_inside_a_result_is_not) {
  const std::string picture = R"({"type":"image","source":{"type":"base64","data":"AA=="}})";
  EXPECT_EQ(find_in(user("[" + picture + "," + text("[Image: source: /a.png]") + "]")), (Found{"prompt", ""}));
  EXPECT_EQ(find_in(user(R"("go")") + "," + std::string(call) + "," +
                    user(R"([{"type":"tool_result","tool_use_id":"t","content":[)" + picture + "]}]")),
            (Found{"loop_step", "go"}));
}

TEST(HumanPrompt, several_parts_are_joined_by_a_newline) {
  EXPECT_EQ(find_in(user("[" + text("a") + "," + text("b") + "]")), (Found{"prompt", "a\nb"}));
}

TEST(HumanPrompt, no_user_message_gives_none) {
  EXPECT_EQ(find_in(R"({"role":"system","content":"x"})"), (Found{"none", ""}));
  EXPECT_EQ(find("{}"), (Found{"none", ""}));
  EXPECT_EQ(find_in(user("null")), (Found{"continuation", ""}));
}

TEST(HumanPrompt, is_found_in_the_recordings) {
  struct Expectation {
    const char* scenario;
    std::vector<Found> requests;
  };
  const std::vector<Expectation> expectations = {
      {"a_haiku45", {{"prompt", "What is 6 times 7?"}}},
      {"b_tool",
       {{"prompt", "Run echo hi, then read a.txt"},
        {"loop_step", "Run echo hi, then read a.txt"},
        {"loop_step", "Run echo hi, then read a.txt"}}},
      {"d_multi3", {{"prompt", "And again?"}}},
      {"e_subagent",
       {{"prompt", "Use an agent"},
        {"loop_step", "Use an agent"},
        {"prompt", "List files in this dir please"},
        {"loop_step", "List files in this dir please"},
        {"notification", "Use an agent"}}},
      {"i_compact3", {{"prompt", "go on"}}},
      {"i_esc", {{"prompt", "first"}, {"prompt", "second"}}},
      {"i_tui",
       {{"prompt", "Please greet me and explain the project layout"},
        {"prompt", "Now run echo hi"},
        {"loop_step", "Now run echo hi"}}},
      {"g_image_read", {{"prompt", "Read p.png"}, {"loop_step", "Read p.png"}}},
      {"sdk_anth", {{"prompt", "hi"}}},
  };
  int compared = 0;
  for (const auto& [scenario, expected] : expectations) {
    const auto requests = load_recording(scenario);
    if (requests.empty()) continue;
    ASSERT_GE(requests.size(), expected.size()) << scenario;
    for (std::size_t i = 0; i < expected.size(); ++i, ++compared) {
      EXPECT_EQ(find(requests[i].body), expected[i]) << scenario << ' ' << i + 1;
    }
  }
  if (compared == 0) GTEST_SKIP() << "none of these recordings here";
}

}  // namespace
}  // namespace distiq
