#include "routing/legality.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include "message/recordings_for_test.h"
#include "message/request_scanner.h"
#include "money/price_table.h"
#include "routing/candidate_models.h"

namespace distiq {
namespace {

const ModelInfo& model(std::string_view id) {
  return *PriceTable::builtin().find(id);
}

RequestHead head_with(std::string_view betas) {
  RequestHead head;
  head.target = "/v1/messages?beta=true";
  if (!betas.empty()) head.headers.add("Anthropic-Beta", betas);
  return head;
}

// A body of the given members beside model and messages.
std::string body_of(std::string_view members, std::string_view messages = R"({"role":"user","content":"hi"})") {
  return fmt::format(R"({{"model":"claude-opus-5-5","messages":[{}],"max_tokens":1000{}{}}})", messages,
                     members.empty() ? "" : ",", members);
}

Legality check(std::string_view body, std::string_view target, std::string_view betas = "",
               std::string_view requested = "claude-opus-5-5", std::uint64_t prompt_tokens = 5'000) {
  const auto view = scan_request(body);
  EXPECT_TRUE(view.has_value()) << body;
  return check_target(*view, head_with(betas), model(requested), model(target), prompt_tokens);
}

constexpr std::string_view kEveryTarget[] = {"claude-opus-5-5", "claude-opus-4-8",   "claude-sonnet-5-5",
                                             "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
                                             "claude-haiku-4-5"};

struct Row {
  const char* name;
  std::string members;
  std::string messages;  // empty: one plain prompt
  std::string betas;
  std::vector<std::string> takes;  // of kEveryTarget
};

// One row of the facts' tables each ("Request fields by target model", "Betas and features per model"): who takes it.
// Opus 5.5 asks, so it takes everything: what the requested model gets is not ours to judge.
TEST(Legality, follows_the_table_field_by_field) {
  const std::string asks = "claude-opus-5-5";
  const std::string system_message = R"({"role":"user","content":"hi"},{"role":"system","content":"environment"})";
  const std::string effort_message =
      R"({"role":"user","content":"hi"},{"role":"system","content":"e","output_config":{"effort":"medium"}})";
  const Row rows[] = {
      {"plain",
       "",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"system messages", "", system_message, "", {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-haiku-5-5"}},
      {"output_config on a message", "", effort_message, "", {asks, "claude-sonnet-5-5", "claude-haiku-5-5"}},
      {"adaptive thinking",
       R"("thinking":{"type":"adaptive","display":"omitted"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5"}},
      {"budgeted thinking",
       R"("thinking":{"type":"enabled","budget_tokens":999})",
       "",
       "",
       {asks, "claude-sonnet-4-6", "claude-haiku-4-5"}},
      {"thinking disabled",
       R"("thinking":{"type":"disabled"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5", "claude-haiku-4-5"}},
      {"thinking disabled at high effort",
       R"("thinking":{"type":"disabled"},"output_config":{"effort":"high"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5"}},
      {"thinking disabled above high effort",
       R"("thinking":{"type":"disabled"},"output_config":{"effort":"xhigh"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5"}},
      {"thinking between tools", R"("thinking":{"type":"between_tools"})", "", "", {asks, "claude-sonnet-5-5"}},
      {"thinking between tools at max effort",
       R"("thinking":{"type":"between_tools"},"output_config":{"effort":"max"})",
       "",
       "",
       {asks}},
      {"a form of thinking that nobody knows", R"("thinking":{"type":"future"})", "", "", {asks}},
      {"thinking null",
       R"("thinking":null)",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"effort",
       R"("output_config":{"effort":"medium"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5"}},
      {"effort xhigh",
       R"("output_config":{"effort":"xhigh"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-haiku-5-5"}},
      {"effort that nobody knows", R"("output_config":{"effort":"extreme"})", "", "", {asks}},
      {"forced tool_choice any",
       R"("tool_choice":{"type":"any"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5", "claude-haiku-4-5"}},
      {"forced tool_choice tool",
       R"("tool_choice":{"type":"tool","name":"x"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5", "claude-haiku-4-5"}},
      {"tool_choice auto",
       R"("tool_choice":{"type":"auto"})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"temperature", R"("temperature":0.3)", "", "", {asks, "claude-sonnet-4-6", "claude-haiku-4-5"}},
      {"temperature of one",
       R"("temperature":1.0)",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"temperature just above one", R"("temperature":1.5)", "", "", {asks, "claude-sonnet-4-6", "claude-haiku-4-5"}},
      {"top_p", R"("top_p":0.9)", "", "", {asks, "claude-sonnet-4-6", "claude-haiku-4-5"}},
      {"top_k", R"("top_k":40)", "", "", {asks, "claude-sonnet-4-6", "claude-haiku-4-5"}},
      {"prefill",
       "",
       R"({"role":"user","content":"hi"},{"role":"assistant","content":"{"})",
       "",
       {asks, "claude-haiku-4-5"}},
      {"max_tokens 128000 as a number elsewhere",
       R"("context_management":{"edits":[]})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"server-side compaction",
       R"("context_management":{"edits":[{"type":"compact_20260112"}]})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5"}},
      {"structured outputs",
       R"("output_config":{"format":{"type":"json_schema","schema":{}}})",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"task budget",
       R"("output_config":{"task_budget":{"type":"tokens","total":20000}})",
       "",
       "",
       {asks, "claude-opus-4-8"}},
      {"fast mode", R"("speed":"fast")", "", "", {asks, "claude-opus-4-8"}},
      {"standard speed",
       R"("speed":"standard")",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"inference_geo",
       R"("inference_geo":"us")",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5"}},
      {"the new computer toolset",
       R"("tools":[{"type":"computer_toolset_20260801","name":"computer"}])",
       "",
       "",
       {asks, "claude-sonnet-5-5", "claude-haiku-5-5"}},
      {"the old computer tool", R"("tools":[{"type":"computer_20251124","name":"computer"}])", "", "", {asks}},
      {"web search", R"("tools":[{"type":"web_search_20250305","name":"web_search"}])", "", "", {asks}},
      {"code execution", R"("tools":[{"type":"code_execution_20250825","name":"code_execution"}])", "", "", {asks}},
      {"tool search",
       R"("tools":[{"type":"tool_search_tool_regex_20251119","name":"t"},{"name":"a","defer_loading":true}])",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"a custom tool that says so",
       R"("tools":[{"type":"custom","name":"a","input_schema":{}}])",
       "",
       "",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5",
        "claude-haiku-4-5"}},
      {"safeguards", R"("safeguards":{"mode":"auto"})", "", "", {asks}},
      {"fallbacks", R"("fallbacks":["claude-sonnet-5-5"])", "", "", {asks}},
      {"container", R"("container":"c1")", "", "", {asks}},
      {"mcp servers", R"("mcp_servers":[{"name":"x"}])", "", "", {asks}},
      {"beta: per-turn control",
       "",
       "",
       "per-turn-control-2026-07-01",
       {asks, "claude-sonnet-5-5", "claude-haiku-5-5"}},
      {"beta: tools changed midway",
       "",
       "",
       "claude-code-20250219, mid-conversation-tool-changes-2026-07-01",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-haiku-5-5"}},
      {"beta: compaction",
       "",
       "",
       "compact-2026-09-04",
       {asks, "claude-opus-4-8", "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-haiku-5-5"}},
      {"beta: task budgets", "", "", "task-budgets-2026-03-13", {asks, "claude-opus-4-8"}},
      {"beta: auto mode", "", "", "afk-mode-2026-01-31", {asks}},
      {"beta: a model chosen by the server", "", "", "server-side-fallback-2026-07-01", {asks}},
      {"beta: new since this build",
       "",
       "",
       "oauth-2025-04-20 ,\tbrand-new-2027-01-01",
       {asks, "claude-sonnet-5-5", "claude-haiku-5-5"}},
  };
  for (const Row& row : rows) {
    const std::string body = row.messages.empty() ? body_of(row.members) : body_of(row.members, row.messages);
    for (const std::string_view target : kEveryTarget) {
      const bool expected = std::ranges::find(row.takes, target) != row.takes.end();
      const Legality legality = check(body, target, row.betas);
      EXPECT_EQ(legality.legal, expected) << row.name << " to " << target << ": " << legality.because;
      EXPECT_EQ(legality.because.empty(), expected) << row.name << " to " << target;
    }
  }
}

TEST(Legality, long_answers_and_long_prompts) {
  const std::string body =
      R"({"model":"claude-opus-5-5","messages":[{"role":"user","content":"hi"}],"max_tokens":128000})";
  EXPECT_TRUE(check(body, "claude-haiku-5-5").legal);
  EXPECT_FALSE(check(body, "claude-haiku-4-5").legal) << "64 000 at most";
  // 5 % of margin for our counts: 1 000 000 >= prompt x 1.05 + 128 000.
  EXPECT_TRUE(check(body, "claude-haiku-5-5", "", "claude-opus-5-5", 830'000).legal);
  EXPECT_FALSE(check(body, "claude-haiku-5-5", "", "claude-opus-5-5", 831'000).legal);
  EXPECT_TRUE(check(body_of(""), "claude-haiku-4-5", "", "claude-opus-5-5", 189'000).legal);
  EXPECT_FALSE(check(body_of(""), "claude-haiku-4-5", "", "claude-opus-5-5", 190'000).legal);
  // Tokens not known: two bytes each.
  const std::string large = body_of("", R"({"role":"user","content":")" + std::string(400'000, 'x') + "\"}");
  EXPECT_FALSE(check(large, "claude-haiku-4-5", "", "claude-opus-5-5", 0).legal);
  EXPECT_TRUE(check(large, "claude-haiku-5-5", "", "claude-opus-5-5", 0).legal);
}

TEST(Legality, retired_models_are_no_targets) {
  EXPECT_FALSE(check(body_of(""), "claude-sonnet-4").legal);
}

TEST(Legality, what_may_not_be_edited_at_all) {
  const auto untouchable = [](std::string_view body) { return why_untouchable(*scan_request(body)); };
  EXPECT_EQ(untouchable(body_of("")), "");
  EXPECT_NE(untouchable(R"({"model":"a","model":"b","messages":[]})"), "");
  EXPECT_NE(untouchable(R"({"messages":[]})"), "");
  const auto with_billing = [](std::string_view line) {
    return fmt::format(
        R"({{"model":"claude-opus-5-5","system":[{{"type":"text","text":"x-anthropic-billing-header: {}"}}],"messages":[]}})",
        line);
  };
  EXPECT_EQ(untouchable(with_billing("cc_version=2.1.330.abc; cc_entrypoint=cli;")), "");
  EXPECT_NE(untouchable(with_billing("cc_version=2.1.330.abc; cch=0a1b2;")), "");
  EXPECT_NE(untouchable(R"({"model":"m","system":"x-anthropic-billing-header: cch=1;","messages":[]})"), "");
  // A prompt that speaks of cch is no billing line.
  EXPECT_EQ(untouchable(R"({"model":"m","system":"what is cch=1?","messages":[]})"), "");
  // Not even to the model that it asks for.
  EXPECT_FALSE(check(with_billing("cch=0a1b2;"), "claude-opus-5-5").legal);
}

// The client itself changes nothing but the model when it falls back between the 5.5 siblings.
TEST(Legality, what_the_client_sends_to_opus_its_siblings_take) {
  std::size_t moved = 0;
  for (const std::string& scenario : recorded_scenarios()) {
    for (const RecordedRequest& request : load_recording(scenario)) {
      const auto view = scan_request(request.body);
      if (request.head.path() != "/v1/messages" || !view || !view->equals(view->model, "claude-opus-5-5")) continue;
      // Auto mode stays, and so does what Opus itself would refuse: a client that was told to send budgeted thinking.
      const bool is_ours = why_untouchable(*view).empty() && why_unmovable(*view).empty() &&
                           !request.head.headers.has_token("anthropic-beta", "afk-mode-2026-01-31") &&
                           !view->equals(view->thinking_type, "enabled");
      const bool has_web_tool = view->tools.size() == 1 && view->tools[0].type_name.present();
      const bool is_fast = view->speed.present();
      for (const std::string_view target : {"claude-sonnet-5-5", "claude-haiku-5-5"}) {
        const Legality legality = check_target(*view, request.head, model("claude-opus-5-5"), model(target), 0);
        EXPECT_EQ(legality.legal, is_ours && !has_web_tool && !is_fast)
            << scenario << " " << request.number << ": " << legality.because;
        moved += legality.legal ? 1 : 0;
      }
      const Legality old = check_target(*view, request.head, model("claude-opus-5-5"), model("claude-haiku-4-5"), 0);
      const bool is_helper = view->tools.empty() && !view->context_management.present();
      EXPECT_FALSE(old.legal && !is_helper) << scenario << " " << request.number << ": nothing is translated";
    }
  }
  EXPECT_GT(moved, 40u);
}

}  // namespace
}  // namespace distiq
