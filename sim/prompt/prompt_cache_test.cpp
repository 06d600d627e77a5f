// The rules of prompt caching, each through the whole service, so that usage is what a client would see.
#include "prompt/prompt_cache.h"

#include <gtest/gtest.h>

#include "service/test_support.h"

namespace sim {
namespace {

using test::Api;
using test::number;
using test::words;

constexpr std::string_view mark_5m = R"(,"cache_control":{"type":"ephemeral"})";
constexpr std::string_view mark_1h = R"(,"cache_control":{"type":"ephemeral","ttl":"1h"})";

std::string text(std::string_view content, std::string_view mark = {}) {
  return R"({"type":"text","text":")" + std::string(content) + "\"" + std::string(mark) + "}";
}

struct Body {
  std::string model = "claude-opus-5-5";
  std::string system;    // blocks, comma separated
  std::string messages;  // messages, comma separated
  std::string tools;
  std::string extra;  // further fields, each with a leading comma

  std::string str() const {
    return R"({"model":")" + model + R"(","max_tokens":50,"system":[)" + system + R"(],"tools":[)" + tools +
           R"(],"messages":[)" + messages + "]" + extra + "}";
  }
};

std::string user(std::string_view blocks) {
  return R"({"role":"user","content":[)" + std::string(blocks) + "]}";
}
std::string assistant(std::string_view blocks) {
  return R"({"role":"assistant","content":[)" + std::string(blocks) + "]}";
}

struct Seen {
  std::int64_t input, read, written_5m, written_1h;
  std::int64_t total() const { return input + read + written_5m + written_1h; }
};

Seen see(Api& api, const Body& body) {
  const auto got = api.ask(body.str());
  EXPECT_EQ(got.status, 200) << got.text;
  const auto usage = got.usage();
  const auto& creation = usage.at("cache_creation").as_object();
  const Seen seen{number(usage, "input_tokens"), number(usage, "cache_read_input_tokens"),
                  number(creation, "ephemeral_5m_input_tokens"), number(creation, "ephemeral_1h_input_tokens")};
  EXPECT_EQ(number(usage, "cache_creation_input_tokens"), seen.written_5m + seen.written_1h);
  return seen;
}

Body long_system(std::string_view mark = mark_5m) {
  Body body;
  body.system = text(words(600), mark);
  body.messages = user(text("hello"));
  return body;
}

TEST(PromptCache, without_a_breakpoint_nothing_is_cached) {
  Api api;
  auto body = long_system("");
  EXPECT_EQ(see(api, body).input, see(api, body).total());
}

TEST(PromptCache, a_prefix_is_written_once_and_then_read) {
  Api api;
  const auto body = long_system();
  const auto first = see(api, body);
  EXPECT_GT(first.written_5m, 600);
  EXPECT_EQ(first.read, 0);
  const auto second = see(api, body);
  EXPECT_EQ(second.read, first.written_5m);
  EXPECT_EQ(second.written_5m, 0);
  EXPECT_EQ(second.input, first.input);
}

TEST(PromptCache, total_is_the_same_cold_or_warm_and_as_count_tokens_says) {
  Api api;
  const auto body = long_system();
  const auto cold = see(api, body);
  const auto warm = see(api, body);
  EXPECT_EQ(cold.total(), warm.total());
  const auto counted =
      api.ask(R"({"model":"claude-opus-5-5","system":[)" + body.system + R"(],"messages":[)" + body.messages + "]}", {},
              "/v1/messages/count_tokens");
  EXPECT_EQ(number(counted.json(), "input_tokens"), cold.total());
}

struct Minimum {
  const char* model;
  std::size_t tokens;
};

class MinimumSize : public testing::TestWithParam<Minimum> {};

TEST_P(MinimumSize, a_prefix_below_it_is_silently_not_cached) {
  const auto [model, minimum] = GetParam();
  const auto tenths = ModelTable::builtin().find(model)->tokenizer_tenths;
  const auto words_for = [&](std::size_t tokens) { return tokens * 10 / static_cast<std::size_t>(tenths); };
  Api api;
  auto body = long_system();
  body.model = model;
  body.system = text(words(words_for(minimum - 12)), mark_5m);
  EXPECT_EQ(see(api, body).written_5m, 0);
  EXPECT_EQ(see(api, body).read, 0);
  body.system = text(words(words_for(minimum + 12)), mark_5m);
  EXPECT_GE(see(api, body).written_5m, static_cast<std::int64_t>(minimum));
  EXPECT_GE(see(api, body).read, static_cast<std::int64_t>(minimum));
}

INSTANTIATE_TEST_SUITE_P(models, MinimumSize,
                         testing::Values(Minimum{"claude-opus-5-5", 512}, Minimum{"claude-sonnet-5-5", 512},
                                         Minimum{"claude-haiku-5-5", 512}, Minimum{"claude-opus-5", 512},
                                         Minimum{"claude-fable-5-1", 512}, Minimum{"claude-opus-4-8", 1024},
                                         Minimum{"claude-sonnet-5", 1024}, Minimum{"claude-sonnet-4-6", 1024},
                                         Minimum{"claude-sonnet-4-5", 1024}, Minimum{"claude-opus-4-7", 2048},
                                         Minimum{"claude-opus-4-6", 4096}, Minimum{"claude-opus-4-5", 4096},
                                         Minimum{"claude-haiku-4-5", 4096}));

TEST(PromptCache, lives_five_minutes_from_the_start_of_the_request) {
  Api api;
  const auto body = long_system();
  see(api, body);
  api.clock.advance(ttl_5m_ms - 1);
  EXPECT_GT(see(api, body).read, 0);
  api.clock.advance(ttl_5m_ms);
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, counts_its_life_from_the_start_even_if_the_answer_begins_later) {
  Api api;
  const auto body = long_system();
  auto reply = api.start(body.str());
  api.clock.advance(60'000);
  Api::finish(reply);
  api.clock.advance(ttl_5m_ms - 60'000);
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, a_read_renews_its_life_for_free) {
  Api api;
  const auto body = long_system();
  see(api, body);
  for (int i = 0; i < 5; ++i) {
    api.clock.advance(ttl_5m_ms - 1);
    EXPECT_GT(see(api, body).read, 0) << i;
  }
}

TEST(PromptCache, one_hour_entries_live_an_hour) {
  Api api;
  const auto body = long_system(mark_1h);
  const auto first = see(api, body);
  EXPECT_EQ(first.written_5m, 0);
  EXPECT_GT(first.written_1h, 600);
  api.clock.advance(ttl_1h_ms - 1);
  EXPECT_EQ(see(api, body).read, first.written_1h);
  api.clock.advance(ttl_1h_ms);
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, cannot_be_read_before_the_first_answer_begins) {
  Api api;
  const auto body = long_system();
  auto first = api.start(body.str());
  EXPECT_EQ(see(api, body).read, 0) << "parallel requests each pay the write";
  Api other;
  first = other.start(body.str());
  first.on_first_byte();
  EXPECT_GT(see(other, body).read, 0) << "begun, not ended";
}

TEST(PromptCache, an_answer_that_never_began_wrote_nothing) {
  Api api;
  const auto body = long_system();
  auto reply = api.start(body.str());
  reply.on_end(0, false);
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, looks_back_twenty_positions_and_no_further) {
  for (const int added : {19, 20}) {
    Api api;
    Body body;
    body.messages = user(text(words(600), mark_5m));
    const auto written = see(api, body).written_5m;
    std::string more = text(words(600));
    for (int i = 1; i < added; ++i) more += "," + text("more " + std::to_string(i));
    body.messages = user(more + "," + text("last", mark_5m));
    const auto seen = see(api, body);
    EXPECT_EQ(seen.read, added == 19 ? written : 0) << added;
  }
}

TEST(PromptCache, every_breakpoint_looks_back_for_itself) {
  Api api;
  Body body;
  body.system = text(words(600), mark_5m);
  body.messages = user(text("one"));
  see(api, body);
  std::string many;
  for (int i = 0; i < 40; ++i) many += text("part " + std::to_string(i)) + ",";
  body.messages = user(many + text("last", mark_5m));
  EXPECT_GT(see(api, body).read, 600);
}

TEST(PromptCache, is_written_at_breakpoints_only) {
  Api api;
  Body body;
  body.messages = user(text(words(600)) + "," + text(words(300, "beta"), mark_5m));
  see(api, body);
  body.messages = user(text(words(600), mark_5m));
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, mixed_lifetimes_are_billed_by_position) {
  Api api;
  Body body;
  body.system = text(words(600), mark_1h);
  body.messages = user(text(words(700, "beta"), mark_5m) + "," + text("tail"));
  const auto cold = see(api, body);
  EXPECT_GT(cold.written_1h, 600);
  EXPECT_GT(cold.written_5m, 700);
  EXPECT_GT(cold.input, 0);
  api.clock.advance(ttl_5m_ms);
  const auto later = see(api, body);  // the hour's part is still there
  EXPECT_EQ(later.read, cold.written_1h);
  EXPECT_EQ(later.written_1h, 0);
  EXPECT_EQ(later.written_5m, cold.written_5m);
}

TEST(PromptCache, a_loop_reads_what_it_had_and_writes_what_it_added) {
  Api api;
  Body body;
  body.system = text(words(600), mark_5m);
  std::string history = user(text("question 0", mark_5m));
  body.messages = history;
  auto before = see(api, body);
  for (int step = 1; step < 5; ++step) {
    const auto shown = std::to_string(step);
    std::string plain;
    for (int i = 0; i < step; ++i)
      plain += user(text("question " + std::to_string(i))) + "," + assistant(text("answer " + std::to_string(i))) + ",";
    body.messages = plain + user(text("question " + shown, mark_5m));
    const auto now = see(api, body);
    EXPECT_EQ(now.read, before.read + before.written_5m) << step;
    EXPECT_GT(now.written_5m, 0);
    EXPECT_EQ(now.input, 0);
    before = now;
  }
}

// --- what is the same prefix
// ------------------------------------------------------------------------------------------

struct Twin {
  const char* name;
  Body other;
};

Body base() {
  Body body;
  body.tools = R"({"name":"Bash","description":"runs","input_schema":{"type":"object","properties":{"a":{},"b":{}}}})";
  body.system = text(words(600), mark_5m);
  body.messages = user(text("hello")) + "," +
                  assistant(text("hi") + R"(,{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"x":1,"y":2}})") +
                  "," +
                  user(R"({"type":"tool_result","tool_use_id":"toolu_1","content":"out"},)" + text("go on", mark_5m));
  return body;
}

std::string replaced(std::string in, std::string_view from, std::string_view to) {
  const auto at = in.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return in.replace(at, from.size(), to);
}

class SamePrefix : public testing::TestWithParam<Twin> {};

TEST_P(SamePrefix, is_read_whole) {
  Api api;
  const auto written = see(api, base());
  EXPECT_EQ(see(api, GetParam().other).read, written.written_5m + written.read);
}

Body with_messages(std::string messages) {
  auto body = base();
  body.messages = std::move(messages);
  return body;
}

INSTANTIATE_TEST_SUITE_P(
    twins, SamePrefix,
    testing::Values(
        Twin{"again", base()},
        Twin{"a_string_for_one_text_block",
             with_messages(replaced(base().messages, R"([{"type":"text","text":"hello"}])", "\"hello\""))},
        Twin{"a_list_for_a_result_string", with_messages(replaced(base().messages, R"("content":"out")",
                                                                  R"("content":[{"type":"text","text":"out"}])"))},
        Twin{"a_result_that_says_it_is_no_error",
             with_messages(replaced(base().messages, R"("content":"out")", R"("is_error":false,"content":"out")"))},
        Twin{"block_keys_in_another_order",
             with_messages(replaced(base().messages, R"("type":"tool_result","tool_use_id":"toolu_1")",
                                    R"("tool_use_id":"toolu_1","type":"tool_result")"))},
        Twin{"one_turn_in_two_messages",
             with_messages(replaced(base().messages, R"("content":"out"},{"type":"text")",
                                    R"("content":"out"}]},{"role":"user","content":[{"type":"text")"))}),
    [](const auto& test) { return test.param.name; });

TEST(PromptCache, the_marker_itself_is_not_part_of_the_prefix) {
  Api api;
  Body body;
  body.messages = user(text(words(600), mark_5m));
  const auto written = see(api, body).written_5m;
  body.messages = user(text(words(600))) + "," + assistant(text("ok")) + "," + user(text("next", mark_5m));
  EXPECT_EQ(see(api, body).read, written);
}

struct Change {
  const char* name;
  Body other;
  bool tools_stay, system_stays, messages_stay;
};

// Breakpoints after tools, system and messages tell how far the prefix holds.
Body three_breakpoints() {
  Body body;
  body.tools = R"({"name":"Bash","description":")" + words(600) +
               R"(","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}})";
  body.system = text(words(600), mark_5m);
  body.messages = user(text(words(600), mark_5m));
  return body;
}

Body changed(void (*change)(Body&)) {
  auto body = three_breakpoints();
  change(body);
  return body;
}

class Invalidation : public testing::TestWithParam<Change> {};

TEST_P(Invalidation, keeps_what_the_rules_say) {
  Api api;
  api.betas = "fast-mode-2026-02-01,task-budgets-2026-03-13";
  const auto& change = GetParam();
  std::array<std::int64_t, 3> sizes{};
  {
    Api probe;
    probe.betas = api.betas;
    auto body = three_breakpoints();
    body.messages = user(text("x"));
    body.system = text("short");
    sizes[0] = see(probe, body).written_5m;
    Api second;
    second.betas = api.betas;
    body = three_breakpoints();
    body.messages = user(text("x"));
    sizes[1] = see(second, body).written_5m;
  }
  sizes[2] = see(api, three_breakpoints()).written_5m;
  const auto expected = change.messages_stay  ? sizes[2]
                        : change.system_stays ? sizes[1]
                        : change.tools_stay   ? sizes[0]
                                              : 0;
  EXPECT_EQ(see(api, change.other).read, expected);
}

INSTANTIATE_TEST_SUITE_P(
    changes, Invalidation,
    testing::Values(
        Change{"nothing", three_breakpoints(), true, true, true},
        Change{"max_tokens", changed([](Body& b) { b.extra = R"(,"metadata":{"user_id":"u"})"; }), true, true, true},
        Change{"tool_description", changed([](Body& b) { b.tools = replaced(b.tools, "alpha", "beta"); }), false, false,
               false},
        Change{"one_more_tool",
               changed([](Body& b) { b.tools = R"({"name":"A","input_schema":{"type":"object"}},)" + b.tools; }), false,
               false, false},
        Change{"model", changed([](Body& b) { b.model = "claude-opus-5"; }), false, false, false},
        Change{"system_text", changed([](Body& b) { b.system = replaced(b.system, "alpha", "beta"); }), true, false,
               false},
        Change{"speed", changed([](Body& b) { b.extra = R"(,"speed":"fast")"; }), true, false, false},
        Change{"message_text", changed([](Body& b) { b.messages = replaced(b.messages, "alpha", "beta"); }), true, true,
               false},
        Change{"tool_choice", changed([](Body& b) { b.extra = R"(,"tool_choice":{"type":"none"})"; }), true, true,
               false},
        Change{"effort", changed([](Body& b) { b.extra = R"(,"output_config":{"effort":"low"})"; }), true, true, false},
        Change{"effort_said_as_the_default",
               changed([](Body& b) { b.extra = R"(,"output_config":{"effort":"medium"})"; }), true, true, true},
        Change{"thinking_said_as_the_default", changed([](Body& b) { b.extra = R"(,"thinking":{"type":"adaptive"})"; }),
               true, true, true},
        Change{
            "format", changed([](Body& b) {
              b.extra =
                  R"(,"output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}})";
            }),
            true, true, false},
        Change{"task_budget", changed([](Body& b) {
                 b.extra = R"(,"output_config":{"task_budget":{"type":"tokens","total":20000}})";
               }),
               true, true, false},
        Change{
            "an_image_at_the_end", changed([](Body& b) {
              b.messages +=
                  "," + assistant(text("ok")) + "," +
                  user(R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}})");
            }),
            true, true, false}),
    [](const auto& test) { return test.param.name; });

TEST(PromptCache, effort_keys_the_whole_prompt_on_sonnet_5) {
  Api api;
  auto body = long_system();
  body.model = "claude-sonnet-5";
  body.system = text(words(1000), mark_5m);
  see(api, body);
  body.extra = R"(,"output_config":{"effort":"low"})";
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, switching_thinking_on_keeps_the_system_and_not_the_messages) {
  Api api;
  auto body = three_breakpoints();
  body.model = "claude-opus-4-8";
  body.tools.clear();
  body.system = text(words(1000), mark_5m);
  const auto whole = see(api, body).written_5m;
  body.extra = R"(,"thinking":{"type":"adaptive"})";
  const auto seen = see(api, body);
  EXPECT_GT(seen.read, 1000);
  EXPECT_EQ(seen.read + seen.written_5m, whole);
  EXPECT_GT(seen.written_5m, 600);
}

TEST(PromptCache, key_order_inside_tool_input_is_significant) {
  Api api;
  const auto written = see(api, base()).written_5m;
  const auto other = see(api, with_messages(replaced(base().messages, R"({"x":1,"y":2})", R"({"y":2,"x":1})")));
  EXPECT_GT(other.read, 0);
  EXPECT_LT(other.read, written);
}

TEST(PromptCache, is_not_shared_between_accounts) {
  Api api;
  const auto body = long_system();
  see(api, body);
  api.key = "sk-ant-other";
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, the_same_credential_is_one_account_in_either_header) {
  Api api;
  const auto body = long_system();
  see(api, body);
  const auto got = api.ask(body.str(), {{"authorization", "Bearer sk-ant-test"}});
  EXPECT_GT(number(got.usage(), "cache_read_input_tokens"), 0);
}

TEST(PromptCache, another_set_of_betas_is_another_cache_but_neutral_ones_are_not) {
  Api api;
  const auto body = long_system();
  see(api, body);
  api.betas = "extended-cache-ttl-2025-04-11";
  EXPECT_GT(see(api, body).read, 0);
  api.betas = "interleaved-thinking-2025-05-14";
  EXPECT_EQ(see(api, body).read, 0);
}

TEST(PromptCache, a_top_level_marker_moves_with_the_last_block) {
  Api api;
  Body body;
  body.extra = R"(,"cache_control":{"type":"ephemeral"})";
  body.messages = user(text(words(600)));
  const auto first = see(api, body);
  EXPECT_GT(first.written_5m, 600);
  body.messages += "," + assistant(text("ok")) + "," + user(text("next"));
  EXPECT_EQ(see(api, body).read, first.written_5m);
}

TEST(PromptCache, a_deferred_tool_is_not_part_of_the_prefix_until_it_is_referenced) {
  Api api;
  api.betas = "advanced-tool-use-2025-11-20";
  Body body;
  body.tools = R"({"name":"ToolSearch","input_schema":{"type":"object"}})";
  body.system = text(words(600), mark_5m);
  body.messages = user(text("hello"));
  const auto before = see(api, body);
  body.tools +=
      R"(,{"name":"Late","description":")" + words(100) + R"(","input_schema":{"type":"object"},"defer_loading":true})";
  const auto with_deferred = see(api, body);
  EXPECT_EQ(with_deferred.read, before.written_5m);
  EXPECT_EQ(with_deferred.total(), before.total());
  body.messages +=
      "," + assistant(R"({"type":"tool_use","id":"t1","name":"ToolSearch","input":{}})") + "," +
      user(R"({"type":"tool_result","tool_use_id":"t1","content":[{"type":"tool_reference","tool_name":"Late"}]})");
  const auto loaded = see(api, body);
  EXPECT_EQ(loaded.read, before.written_5m);
  EXPECT_GT(loaded.total(), before.total() + 130);
}

TEST(PromptCache, the_billing_line_of_the_client_does_not_count) {
  Api api;
  auto body = long_system();
  const auto plain = body.system;
  body.system = text("x-anthropic-billing-header: cc_version=2.1.330.c39;") + "," + plain;
  const auto first = see(api, body);
  body.system = text("x-anthropic-billing-header: cc_version=2.1.330.084;") + "," + plain;
  EXPECT_EQ(see(api, body).read, first.written_5m);
  Api keeping(WorldConfig{.keep_billing_line = true});
  see(keeping, body);
  body.system = text("x-anthropic-billing-header: cc_version=2.1.330.111;") + "," + plain;
  EXPECT_EQ(see(keeping, body).read, 0);
}

TEST(PromptCache, max_tokens_0_warms_the_cache_and_answers_nothing) {
  Api api;
  auto body = long_system();
  auto warm = replaced(body.str(), R"("max_tokens":50)", R"("max_tokens":0)");
  const auto got = api.ask(warm);
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_TRUE(got.json().at("content").as_array().empty());
  EXPECT_EQ(number(got.usage(), "output_tokens"), 0);
  EXPECT_GT(see(api, body).read, 600);
}

}  // namespace
}  // namespace sim
