#include "promptcache/prompt_map.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>

#include "message/lane.h"
#include "message/recordings_for_test.h"
#include "message/sample_body_for_test.h"
#include "money/price_table.h"
#include "promptcache/prompt_for_test.h"
#include "promptcache/shadow_cache.h"

namespace distiq {
namespace {

const std::string plain =
    R"({"model":"m","tools":[{"name":"Bash","description":"d","input_schema":{"type":"object"}}],)"
    R"("system":[{"type":"text","text":"sys"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},)"
    R"({"role":"assistant","content":[{"type":"text","text":"yes"},{"type":"tool_use","id":"t1","name":"Bash","input":{"a":1,"b":2}}]},)"
    R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"out"}]}]})";

std::string with(std::string_view from, std::string_view to, std::string body = plain) {
  const auto at = body.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? body : body.replace(at, from.size(), to);
}

struct Case {
  const char* what;
  std::string body;
};

TEST(prompt_map, what_the_cache_does_not_see_does_not_change_the_hash) {
  const std::vector<Case> cases{
      {"mark on a tool", with(R"({"name":"Bash",)", R"({"cache_control":{"type":"ephemeral"},"name":"Bash",)")},
      {"mark on system", with(R"("text":"sys")", R"("text":"sys","cache_control":{"type":"ephemeral","ttl":"1h"})")},
      {"mark in front",
       with(R"({"type":"text","text":"hi"})", R"({"cache_control":{"type":"ephemeral"},"type":"text","text":"hi"})")},
      {"mark on a call", with(R"("b":2})", R"("b":2},"cache_control":{"type":"ephemeral"})")},
      {"mark on a result", with(R"("content":"out")", R"("content":"out","cache_control":{"type":"ephemeral"})")},
      {"mark inside a result",
       with(R"("content":"out")", R"("content":[{"type":"text","text":"out","cache_control":{"type":"ephemeral"}}])")},
      {"top-level mark", with(R"("model":"m")", R"("cache_control":{"type":"ephemeral"},"model":"m")")},
      {"system as a string", with(R"([{"type":"text","text":"sys"}])", R"("sys")")},
      {"message as a string", with(R"([{"type":"text","text":"hi"}])", R"("hi")")},
      {"result as a list", with(R"("content":"out")", R"("content":[{"type":"text","text":"out"}])")},
      {"no error", with(R"("content":"out")", R"("is_error":false,"content":"out")")},
      {"key order of a text", with(R"({"type":"text","text":"hi"})", R"({"text":"hi","type":"text"})")},
      {"key order of a result",
       with(R"("type":"tool_result","tool_use_id":"t1")", R"("tool_use_id":"t1","type":"tool_result")")},
      {"key order of a call", with(R"("id":"t1","name":"Bash")", R"("name":"Bash","id":"t1")")},
      {"spaces in a block", with(R"({"type":"text","text":"hi"})", R"({ "type": "text",  "text": "hi" })")},
      {"the client's billing line",
       with(R"([{"type":"text","text":"sys"}])",
            R"([{"type":"text","text":"x-anthropic-billing-header: cc_version=1;"},{"type":"text","text":"sys"}])")},
      {"an answer cut into two messages",
       with(R"({"type":"text","text":"yes"},)", R"({"type":"text","text":"yes"}]},{"role":"assistant","content":[)")},
      {"a deferred tool that nobody refers to",
       with(R"("tools":[)", R"("tools":[{"name":"Later","defer_loading":true,"input_schema":{}},)")},
      {"another model", with(R"("model":"m")", R"("model":"claude-opus-5-5")")},
      {"metadata", with(R"("model":"m")", R"("model":"m","metadata":{"user_id":"x"},"stream":true,"max_tokens":5)")},
  };
  for (const Case& c : cases) EXPECT_EQ(hash_of(c.body), hash_of(plain)) << c.what;
}

TEST(prompt_map, what_the_cache_sees_changes_the_hash) {
  const std::vector<Case> cases{
      {"tool text", with(R"("description":"d")", R"("description":"e")")},
      {"tool schema", with(R"({"type":"object"})", R"({"type":"object","x":1})")},
      {"system text", with("sys", "sus")},
      {"message text", with("hi", "ho")},
      {"key order inside an input", with(R"({"a":1,"b":2})", R"({"b":2,"a":1})")},
      {"spaces inside an input", with(R"({"a":1,"b":2})", R"({"a": 1,"b":2})")},
      {"cache_control as data of a tool", with(R"({"a":1,"b":2})", R"({"a":1,"b":2,"cache_control":{"x":1}})")},
      {"an error", with(R"("content":"out")", R"("content":"out","is_error":true)")},
      {"a call's id", with(R"("id":"t1")", R"("id":"t2")")},
      {"who speaks", with(R"("role":"user")", R"("role":"system")")},
      {"a text in two blocks", with(R"("text":"hi"})", R"("text":"h"},{"type":"text","text":"i"})")},
      {"citations", with(R"("text":"yes")", R"("text":"yes","citations":[{"type":"char_location"}])")},
      {"per-turn effort", with(R"([{"type":"text","text":"hi"}])", R"("hi","output_config":{"effort":"low"})")},
      {"a result that moved",
       with(R"("content":"out")", R"("content":[{"type":"text","text":"out"},{"type":"text","text":"x"}])")},
  };
  for (const Case& c : cases) EXPECT_NE(hash_of(c.body), hash_of(plain)) << c.what;
}

TEST(prompt_map, a_referenced_deferred_tool_counts_where_the_reference_stands) {
  const std::string reference =
      with(R"("content":"out")", R"("content":[{"type":"tool_reference","tool_name":"Later"}])");
  const auto defer = [&](std::string_view text) {
    return with(R"("tools":[)",
                R"("tools":[{"name":"Later","description":")" + std::string(text) +
                    R"(","input_schema":{},"defer_loading":true},)",
                reference);
  };
  EXPECT_NE(hash_of(defer("one")), hash_of(defer("two")));
  const PromptMap a = map_of(defer("one"));
  const PromptMap b = map_of(defer("two"));
  ASSERT_EQ(a.positions.size(), b.positions.size());
  EXPECT_EQ(a.positions[a.positions.size() - 2].prefix_hash, b.positions[b.positions.size() - 2].prefix_hash);
}

std::vector<std::pair<std::uint32_t, CacheTtl>> marks_of(const std::string& body) {
  std::vector<std::pair<std::uint32_t, CacheTtl>> marks;
  for (const Breakpoint& mark : map_of(body).breakpoints) marks.emplace_back(mark.position, mark.ttl);
  return marks;
}

TEST(prompt_map, breakpoints_stand_where_they_count) {
  using Marks = std::vector<std::pair<std::uint32_t, CacheTtl>>;
  const auto m5 = CacheTtl::five_minutes;
  const auto h1 = CacheTtl::one_hour;
  // Positions: 0 tool, 1 system, 2 "hi", 3 "yes", 4 call, 5 result.
  EXPECT_EQ(marks_of(plain), Marks{});
  EXPECT_EQ(marks_of(with(R"("name":"Bash",)", R"("name":"Bash","cache_control":{"type":"ephemeral","ttl":"1h"},)")),
            (Marks{{0, h1}}));
  EXPECT_EQ(marks_of(with(R"("text":"yes")", R"("text":"yes","cache_control":{"type":"ephemeral"})")),
            (Marks{{3, m5}}));
  EXPECT_EQ(marks_of(with(R"("content":"out")",
                          R"("content":[{"type":"text","text":"out","cache_control":{"type":"ephemeral"}}])")),
            (Marks{{5, m5}}));
  EXPECT_EQ(marks_of(with(R"("model":"m")", R"("model":"m","cache_control":{"type":"ephemeral","ttl":"1h"})")),
            (Marks{{5, h1}}));
  // Own marks go before the automatic one and before one inside.
  EXPECT_EQ(marks_of(with(R"("content":"out")", R"("content":"out","cache_control":{"type":"ephemeral"})",
                          with(R"("model":"m")", R"("model":"m","cache_control":{"type":"ephemeral","ttl":"1h"})"))),
            (Marks{{5, m5}}));
  // The automatic one is not set on thinking.
  EXPECT_EQ(
      marks_of(
          R"({"model":"m","cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"s"}]}]})"),
      (Marks{{0, m5}}));
  // On the billing line it marks nothing.
  EXPECT_EQ(
      marks_of(
          R"({"model":"m","system":[{"type":"text","text":"x-anthropic-billing-header: a;","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]})"),
      Marks{});
}

TEST(prompt_map, at_most_four_breakpoints_are_kept) {
  std::string body = R"({"model":"m","messages":[{"role":"user","content":[)";
  for (int i = 0; i < 9; ++i)
    body += std::string(i == 0 ? "" : ",") + R"({"type":"text","text":"a","cache_control":{"type":"ephemeral"}})";
  EXPECT_EQ(map_of(body + "]}]}").breakpoints.size(), 4U);
}

TEST(prompt_map, positions_say_what_they_are) {
  const PromptMap map = map_of(plain);
  ASSERT_EQ(map.positions.size(), 6U);
  EXPECT_EQ(map.last_of(PromptSection::tools), 0U);
  EXPECT_EQ(map.last_of(PromptSection::system), 1U);
  EXPECT_EQ(map.last_of(PromptSection::messages), 5U);
  EXPECT_TRUE(map.positions[2].human);
  EXPECT_TRUE(map.positions[4].assistant);
  EXPECT_FALSE(map.positions[5].human);
  EXPECT_EQ(plain.substr(map.positions[5].range.at, 22), R"({"type":"tool_result",)");
  EXPECT_EQ(map_of(R"({"model":"m"})").last_of(PromptSection::tools), no_index);
}

TEST(prompt_map, context_holds_what_the_key_depends_on) {
  const auto context = [](std::string_view field, std::string_view betas = "") {
    return map_of(with(R"("model":"m")", R"("model":"m")" + std::string(field)), betas).context;
  };
  const PromptContext none = context("");
  EXPECT_EQ(context("", "oauth-2025-04-20, extended-cache-ttl-2025-04-11,fallback-credit-2026-06-01").everything,
            none.everything);
  EXPECT_NE(context("", "effort-2025-11-24").everything, none.everything);
  EXPECT_EQ(context("", "a-1,b-2").everything, context("", "b-2, a-1,a-1").everything);
  EXPECT_NE(context(R"(,"speed":"fast")").system, none.system);
  EXPECT_NE(context(R"(,"tool_choice":{"type":"any"})").messages, none.messages);
  EXPECT_NE(context(R"(,"output_config":{"format":{"type":"json_schema"}})").messages, none.messages);
  EXPECT_NE(context(R"(,"output_config":{"task_budget":{"total":50000}})").messages, none.messages);
  EXPECT_NE(context(R"(,"thinking":{"type":"enabled","budget_tokens":2000})").messages, none.messages);
  EXPECT_EQ(context(R"(,"thinking":{"type":"adaptive","display":"omitted"})").thinking, "adaptive");
  EXPECT_EQ(context(R"(,"output_config":{"effort":"low"})").effort, "low");
  EXPECT_EQ(context(R"(,"output_config":{"effort":"low"})").messages, none.messages) << "effort is kept apart";
  EXPECT_TRUE(
      context(R"(,"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]})").keeps_thinking);
}

TEST(prompt_map, a_longer_conversation_keeps_the_hashes_of_the_shorter_one) {
  const PromptMap shorter = map_of(sample_body(60'000));
  const PromptMap longer = map_of(sample_body(90'000));
  ASSERT_LT(shorter.positions.size(), longer.positions.size());
  for (std::size_t i = 0; i < shorter.positions.size(); ++i)
    ASSERT_EQ(shorter.positions[i].prefix_hash, longer.positions[i].prefix_hash) << i;
}

TEST(prompt_map, a_changed_byte_anywhere_changes_everything_behind_it_and_nothing_before) {
  const std::string body = sample_body(60'000);
  const PromptMap before = map_of(body);
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const std::size_t which = random() % before.positions.size();
    const ByteRange range = before.positions[which].range;
    std::string changed = body;
    const std::size_t at = changed.find("lorem", range.at);
    if (at == std::string::npos || at >= range.end()) continue;
    changed[at] = 'L';
    const PromptMap after = map_of(changed);
    ASSERT_EQ(after.positions.size(), before.positions.size());
    for (std::size_t i = 0; i < before.positions.size(); ++i)
      ASSERT_EQ(after.positions[i].prefix_hash == before.positions[i].prefix_hash, i < which) << i;
  }
}

// Where the mock refused requests or answered nothing, the client itself sends something else than before.
bool is_degraded(std::string_view scenario) {
  return scenario.starts_with("k_") || scenario == "i_stick" || scenario == "p_minimal_sse2";
}

// Where a shadow cache that holds just what `before` wrote would find `map`: a position, or nothing.
std::optional<std::uint32_t> hit_of(const PromptMap& before, const PromptMap& map) {
  const ModelInfo& opus = *PriceTable::builtin().find("opus");
  const LearnedTokens learned(10);
  ShadowCache cache(100);
  const MonotonicTime now{std::chrono::hours(1)};
  const ModelPrompt wrote = prompt_for_model({"a", &opus}, before, learned);
  cache.write(wrote, {opus, before, wrote, learned}, {}, 0, now);
  const ModelPrompt asks = prompt_for_model({"a", &opus}, map, learned);
  const CacheHit hit = cache.find_hit(asks, now);
  return hit ? std::optional(asks.places[*hit].position) : std::nullopt;
}

// Each later request of a recorded conversation finds the earlier one's last breakpoint, within the look-back.
TEST(prompt_map, recorded_conversations_only_grow) {
  int pairs = 0;
  for (const std::string& scenario : recorded_scenarios()) {
    if (is_degraded(scenario)) continue;
    std::map<std::string, std::vector<PromptMap>> lanes;
    for (const RecordedRequest& request : load_recording(scenario)) {
      if (request.head.path() != "/v1/messages") continue;
      const auto view = scan_request(request.body);
      if (!view) continue;
      const LaneIdentity lane = identify_lane(request.head, &*view);
      if (lane.request_class != RequestClass::main && lane.request_class != RequestClass::sub_agent) continue;
      PromptMap map = map_prompt(*view, request.head);
      auto& before = lanes[lane.lane_id];
      const bool grows = !before.empty() && map.positions.size() > before.back().positions.size();
      if (grows && !before.back().breakpoints.empty()) {
        ++pairs;
        const std::uint32_t mark = before.back().breakpoints.back().position;
        EXPECT_EQ(before.back().positions[mark].prefix_hash, map.positions[mark].prefix_hash)
            << scenario << "/" << request.number;
        EXPECT_EQ(before.back().context.everything, map.context.everything) << scenario << "/" << request.number;
        if (scenario != "g_image_read") {  // its first image makes the messages cold
          EXPECT_EQ(hit_of(before.back(), map), mark) << scenario << "/" << request.number;
        }
      }
      before.push_back(std::move(map));
    }
  }
  EXPECT_GE(pairs, 8);  // those of the recordings that the project itself holds
}

}  // namespace
}  // namespace distiq
