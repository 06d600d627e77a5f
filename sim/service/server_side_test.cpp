// Compaction, fallbacks and the diagnosis of cache misses: what they change in an answer, its usage and the ledger.
#include "service/server_side.h"

#include <gtest/gtest.h>

#include "service/test_support.h"

namespace sim {
namespace {

namespace json = boost::json;
using test::Api;
using test::number;
using test::words;

constexpr std::string_view compact_betas = "compact-2026-01-12,context-management-2025-06-27";

std::string message(std::string_view role, std::string_view content) {
  return R"({"role":")" + std::string(role) + R"(","content":)" + std::string(content) + "}";
}

std::string request(std::string_view messages, std::string_view more = "", std::string_view model = "claude-opus-5-5") {
  return R"({"model":")" + std::string(model) + R"(","max_tokens":500,"system":"Be kind.","messages":[)" +
         std::string(messages) + "]" + std::string(more) + "}";
}

std::string long_talk() {
  return message("user", "\"" + words(60'000) + "\"");
}

constexpr std::string_view compact_at_50k =
    R"(,"context_management":{"edits":[{"type":"compact_20260112","trigger":{"type":"input_tokens","value":50000}}]})";

json::array iterations(const json::object& usage) {
  return usage.contains("iterations") ? usage.at("iterations").as_array() : json::array{};
}

json::object last_entry(Api& api) {
  return api.control("GET", "/_sim/ledger").json().at("entries").as_array().back().as_object();
}

TEST(Compaction, a_long_conversation_is_summed_up_first_and_both_passes_are_billed) {
  Api api;
  api.betas = compact_betas;
  const auto got = api.ask(request(long_talk(), compact_at_50k));
  ASSERT_EQ(got.status, 200) << got.text;
  const auto answer = got.json();
  EXPECT_EQ(answer.at("content").at(0).at("type"), "compaction");
  EXPECT_EQ(answer.at("content").at(1).at("type"), "text");
  const auto usage = got.usage();
  const auto passes = iterations(usage);
  ASSERT_EQ(passes.size(), 2u);
  EXPECT_EQ(passes[0].at("type"), "compaction");
  EXPECT_EQ(passes[1].at("type"), "message");
  EXPECT_GT(number(passes[0].as_object(), "input_tokens"), 50'000);
  EXPECT_GT(number(passes[0].as_object(), "output_tokens"), 10);
  EXPECT_LT(number(passes[1].as_object(), "input_tokens"), 2'000) << "the model read the summary only";
  EXPECT_EQ(passes[1].at("input_tokens"), usage.at("input_tokens")) << "the top level is the last pass";
  const auto billed = last_entry(api);
  EXPECT_EQ(number(billed, "input_tokens"),
            number(passes[0].as_object(), "input_tokens") + number(passes[1].as_object(), "input_tokens"));
  const Model& model = *ModelTable::builtin().find("claude-opus-5-5");
  const auto output = number(passes[0].as_object(), "output_tokens") + number(passes[1].as_object(), "output_tokens");
  EXPECT_EQ(number(billed, "cost_pico_usd"),
            number(billed, "input_tokens") * model.prices.input + output * model.prices.output);
}

TEST(Compaction, below_the_trigger_nothing_happens) {
  Api api;
  api.betas = compact_betas;
  const auto got = api.ask(request(message("user", "\"hello\""), compact_at_50k));
  EXPECT_EQ(got.json().at("content").at(0).at("type"), "text");
  EXPECT_TRUE(iterations(got.usage()).empty());
}

TEST(Compaction, the_default_trigger_is_150k) {
  Api api;
  api.betas = compact_betas;
  const std::string edit = R"(,"context_management":{"edits":[{"type":"compact_20260112"}]})";
  EXPECT_TRUE(iterations(api.ask(request(long_talk(), edit)).usage()).empty());
  EXPECT_EQ(iterations(api.ask(request(message("user", "\"" + words(130'000) + "\""), edit)).usage()).size(), 2u);
}

TEST(Compaction, what_stands_before_a_compaction_block_is_not_read_again) {
  Api api;
  api.betas = compact_betas;
  const auto first = api.ask(request(long_talk(), compact_at_50k)).json();
  const auto echoed = message("assistant", json::serialize(first.at("content")));
  const auto next = api.ask(request(long_talk() + "," + echoed + "," + message("user", "\"go on\""), compact_at_50k));
  ASSERT_EQ(next.status, 200) << next.text;
  EXPECT_LT(number(next.usage(), "input_tokens"), 2'000);
  EXPECT_TRUE(iterations(next.usage()).empty());
}

TEST(Compaction, a_pause_ends_the_answer_after_the_summary) {
  Api api;
  api.betas = compact_betas;
  const std::string edit =
      R"(,"context_management":{"edits":[{"type":"compact_20260112","trigger":{"type":"input_tokens","value":50000},)"
      R"("pause_after_compaction":true}]})";
  const auto answer = api.ask(request(long_talk(), edit)).json();
  EXPECT_EQ(answer.at("stop_reason"), "compaction");
  EXPECT_EQ(answer.at("content").as_array().size(), 1u);
  EXPECT_EQ(iterations(answer.at("usage").as_object()).size(), 1u);
}

TEST(Compaction, the_stream_lists_the_passes_at_its_end) {
  Api api;
  api.betas = compact_betas;
  const auto text = api.ask(request(long_talk(), std::string(compact_at_50k) + R"(,"stream":true)")).text;
  EXPECT_NE(text.find(R"("type":"compaction_delta")"), std::string::npos);
  EXPECT_GT(text.find(R"("iterations":[)"), text.find("event: message_delta"));
}

TEST(Fallback, a_refusal_is_answered_by_another_model_and_costs_nothing_itself) {
  Api api;
  api.betas = "server-side-fallback-2026-07-01";
  const auto refused = message("user", "\"refuse\"");
  EXPECT_EQ(api.ask(request(refused)).json().at("stop_reason"), "refusal");
  const auto got = api.ask(request(refused, R"(,"fallbacks":[{"model":"claude-opus-4-8"}])"));
  ASSERT_EQ(got.status, 200) << got.text;
  const auto answer = got.json();
  EXPECT_EQ(answer.at("model"), "claude-opus-4-8");
  EXPECT_EQ(answer.at("stop_reason"), "end_turn");
  EXPECT_EQ(answer.at("content").at(0).at("type"), "fallback");
  const auto passes = iterations(got.usage());
  ASSERT_EQ(passes.size(), 2u);
  EXPECT_EQ(passes[0].at("model"), "claude-opus-5-5");
  EXPECT_EQ(passes[0].at("output_tokens"), 0);
  EXPECT_EQ(passes[1].at("type"), "fallback_message");
  const auto billed = last_entry(api);
  EXPECT_EQ(billed.at("model"), "claude-opus-4-8");
  const Model& model = *ModelTable::builtin().find("claude-opus-4-8");
  EXPECT_EQ(number(billed, "cost_pico_usd"), number(got.usage(), "input_tokens") * model.prices.input +
                                                 number(got.usage(), "output_tokens") * model.prices.output);
}

TEST(Fallback, is_not_used_without_a_refusal_and_must_name_models) {
  Api api;
  api.betas = "server-side-fallback-2026-07-01";
  const auto hello = message("user", "\"hello\"");
  const auto got = api.ask(request(hello, R"(,"fallbacks":[{"model":"claude-opus-4-8"}])"));
  EXPECT_EQ(got.json().at("model"), "claude-opus-5-5");
  EXPECT_TRUE(iterations(got.usage()).empty());
  EXPECT_EQ(api.ask(request(hello, R"(,"fallbacks":"x")")).status, 400);
  EXPECT_EQ(api.ask(request(hello, R"(,"fallbacks":[{}])")).error(), "fallbacks.0.model: Field required");
  EXPECT_EQ(api.ask(request(hello, R"(,"fallbacks":[{"model":"gpt"}])")).status, 400);
}

class Diagnosis : public ::testing::Test {
 protected:
  Diagnosis() { api.betas = "cache-diagnosis-2026-04-07"; }

  std::string reason(const std::string& body) {
    const auto got = api.ask(body);
    EXPECT_EQ(got.status, 200) << got.text;
    const auto answer = got.json();
    if (!answer.contains("diagnostics")) return "not told";
    const auto& said = answer.at("diagnostics").at("cache_miss_reason");
    return said.is_null() ? "" : std::string(said.as_string());
  }

  std::string after(std::string_view id) {
    return R"(,"diagnostics":{"previous_message_id":")" + std::string(id) + "\"}";
  }

  Api api;
};

TEST_F(Diagnosis, names_the_earliest_divergence) {
  const auto hi = message("user", "\"hi\"");
  const std::string tools = R"(,"tools":[{"name":"Bash","input_schema":{"type":"object"}}])";
  const auto first = api.ask(request(hi, tools)).json();
  const auto id = std::string(first.at("id").as_string());
  const auto more = hi + "," + message("assistant", "\"hello\"") + "," + message("user", "\"go on\"");
  EXPECT_EQ(reason(request(more, tools)), "not told") << "nobody asked";
  EXPECT_EQ(reason(request(more, tools + after(id))), "");
  EXPECT_EQ(reason(request(more, tools + after("msg_unknown"))), "previous_message_not_found");
  EXPECT_EQ(reason(request(more, tools + after(id), "claude-sonnet-5-5")), "model_changed");
  EXPECT_EQ(reason(request(more, after(id))), "tools_changed");
  EXPECT_EQ(reason(request(message("user", "\"ho\""), tools + after(id))), "messages_changed");
  auto other_system = request(more, tools + after(id));
  other_system.replace(other_system.find("Be kind."), 8, "Be firm.");
  EXPECT_EQ(reason(other_system), "system_changed");
  other_system.replace(other_system.find("\"Bash\""), 6, "\"Fish\"");
  EXPECT_EQ(reason(other_system), "tools_changed") << "tools stand before the system prompt";
  api.betas += ",context-1m-2025-08-07";
  EXPECT_EQ(reason(request(more, tools + after(id))), "unavailable");
}

}  // namespace
}  // namespace sim
