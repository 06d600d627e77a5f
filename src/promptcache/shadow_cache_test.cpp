#include "promptcache/shadow_cache.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "money/price_table.h"
#include "promptcache/prompt_for_test.h"

namespace distiq {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const ModelInfo& opus() {
  return *PriceTable::builtin().find("claude-opus-5-5");
}

// A prompt of `size` messages of about 1000 tokens; letters are marks: '.', '5' (five minutes), 'h' (an hour).
PromptMap prompt_of(std::string_view marks, std::string_view extra = "", std::size_t tokens = 1000) {
  std::string body = fmt::format(R"({{"model":"m"{},"messages":[)", extra);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::string_view mark = marks[i] == '5'   ? R"(,"cache_control":{"type":"ephemeral"})"
                                  : marks[i] == 'h' ? R"(,"cache_control":{"type":"ephemeral","ttl":"1h"})"
                                                    : "";
    body += fmt::format(R"({}{{"role":"user","content":[{{"type":"text","text":"{}{}"{}}}]}})", i == 0 ? "" : ",", i,
                        text_of_tokens(tokens), mark);
  }
  return map_of(body + "]}");
}

class World {
 public:
  // Hits the cache with a prompt and writes what it writes.
  CacheForecast ask(const PromptMap& map, const ModelInfo& model = opus()) {
    const auto forecast = look(map, model);
    const ModelPrompt prompt = prompt_for_model({"account", &model}, map, learned);
    const CacheHit hit = cache.find_hit(prompt, now);
    cache.renew(prompt, hit, now);
    cache.write(prompt, {model, map, prompt, learned}, hit, model.min_cacheable_tokens, now);
    return forecast;
  }
  CacheForecast look(const PromptMap& map, const ModelInfo& model = opus(),
                     std::string_view account = "account") const {
    const ModelPrompt prompt = prompt_for_model({account, &model}, map, learned);
    return split_prompt(prompt, {model, map, prompt, learned}, cache.find_hit(prompt, now), model.min_cacheable_tokens);
  }

  MonotonicTime now{std::chrono::hours(5)};
  ShadowCache cache{1000};
  LearnedTokens learned{1000};
};

TEST(shadow_cache, what_a_breakpoint_wrote_is_read_by_the_next_request) {
  World world;
  const CacheForecast first = world.ask(prompt_of("..5"));
  EXPECT_EQ(first.read, 0U);
  EXPECT_GT(first.write_5m, 2000U);
  EXPECT_EQ(first.input, 0U);
  const CacheForecast second = world.ask(prompt_of("...5"));
  EXPECT_EQ(second.read, first.write_5m);
  EXPECT_GT(second.write_5m, 500U);
  EXPECT_EQ(second.read + second.write_5m, second.prompt_tokens);
}

TEST(shadow_cache, entries_live_from_the_start_of_the_request_and_are_renewed_by_reads) {
  struct Case {
    const char* marks;
    seconds life;
  };
  for (const auto& [marks, life] : {Case{"..5", minutes(5)}, Case{"..h", minutes(60)}}) {
    World world;
    (void)world.ask(prompt_of(marks));
    world.now += life - seconds(1);
    EXPECT_GT(world.look(prompt_of(marks)).read, 0U) << marks;
    (void)world.ask(prompt_of(marks));  // renews
    world.now += life - seconds(1);
    EXPECT_GT(world.look(prompt_of(marks)).read, 0U) << marks;
    world.now += seconds(1);
    EXPECT_EQ(world.look(prompt_of(marks)).read, 0U) << marks;
  }
}

TEST(shadow_cache, a_five_minute_entry_that_is_read_by_a_one_hour_marker_keeps_its_life) {
  World world;
  (void)world.ask(prompt_of("..5"));
  (void)world.ask(prompt_of("..h"));
  world.now += minutes(6);
  EXPECT_EQ(world.look(prompt_of("..h")).read, 0U);
}

TEST(shadow_cache, twenty_positions_are_looked_back_and_not_one_more) {
  World world;
  (void)world.ask(prompt_of("5"));
  const std::string nineteen(18, '.');
  EXPECT_GT(world.look(prompt_of("." + nineteen + "5")).read, 0U);
  EXPECT_EQ(world.look(prompt_of(".." + nineteen + "5")).read, 0U);
  EXPECT_GT(world.look(prompt_of(".." + nineteen.substr(9) + "5" + nineteen.substr(9) + "5")).read, 0U)
      << "one between";
}

TEST(shadow_cache, below_the_minimum_nothing_is_written_and_nothing_said) {
  World world;
  const CacheForecast small = world.ask(prompt_of("5", "", 200));
  EXPECT_EQ(small.write_5m, 0U);
  EXPECT_EQ(small.input, small.prompt_tokens);
  EXPECT_EQ(world.look(prompt_of("5", "", 200)).read, 0U);
  EXPECT_EQ(world.cache.entries().size(), 0U);
}

TEST(shadow_cache, mixed_lives_are_billed_by_position) {
  World world;
  const CacheForecast first = world.ask(prompt_of("h.h.5."));
  const std::uint64_t one = first.prompt_tokens / 6;
  const auto near = [one](std::uint64_t count, std::uint64_t messages) {
    return count + 20 > one * messages && count < one * messages + 20;
  };
  EXPECT_TRUE(near(first.write_1h, 3)) << first.write_1h;
  EXPECT_TRUE(near(first.write_5m, 2)) << first.write_5m;
  EXPECT_TRUE(near(first.input, 1)) << first.input;
  world.now += minutes(6);  // the five-minute part is gone
  const CacheForecast later = world.ask(prompt_of("h.h.5."));
  EXPECT_TRUE(near(later.read, 3));
  EXPECT_EQ(later.write_1h, 0U);
  EXPECT_TRUE(near(later.write_5m, 2));
}

TEST(shadow_cache, the_key_holds_account_model_effort_and_request_parameters) {
  World world;
  const ModelInfo& sonnet = *PriceTable::builtin().find("claude-sonnet-5-5");
  const PromptMap asked = prompt_of("..5");
  (void)world.ask(asked);
  EXPECT_GT(world.look(asked).read, 0U);
  EXPECT_EQ(world.look(asked, sonnet).read, 0U);
  EXPECT_EQ(world.look(asked, opus(), "somebody else").read, 0U);
  EXPECT_EQ(world.look(prompt_of("..5", R"(,"output_config":{"effort":"low"})")).read, 0U);
  EXPECT_GT(world.look(prompt_of("..5", R"(,"output_config":{"effort":"medium"})")).read, 0U) << "the default";
  EXPECT_GT(world.look(prompt_of("..5", R"(,"thinking":{"type":"adaptive"})")).read, 0U) << "always on";
  EXPECT_EQ(world.look(prompt_of("..5", R"(,"tool_choice":{"type":"none"})")).read, 0U);
}

TEST(shadow_cache, effort_leaves_tools_and_system_warm_but_where_the_model_keys_all_by_it) {
  const auto body = [](std::string_view effort) {
    return map_of(
        fmt::format(R"({{"model":"m","system":[{{"type":"text","text":"{}","cache_control":{{"type":"ephemeral"}}}}],)"
                    R"("output_config":{{"effort":"{}"}},"messages":[{{"role":"user","content":"hi"}}]}})",
                    text_of_tokens(3000), effort));
  };
  const ModelInfo& sonnet_5 = *PriceTable::builtin().find("claude-sonnet-5");
  World world;
  (void)world.ask(body("medium"));
  (void)world.ask(body("medium"), sonnet_5);
  EXPECT_GT(world.look(body("low")).read, 0U);
  EXPECT_EQ(world.look(body("low"), sonnet_5).read, 0U);
}

TEST(shadow_cache, holds_at_most_its_capacity_and_forgets_the_oldest) {
  ShadowCache cache(3);
  const MonotonicTime now{std::chrono::hours(1)};
  for (std::uint64_t key = 1; key <= 5; ++key) cache.put(key, CacheTtl::five_minutes, now);
  EXPECT_EQ(cache.entries().size(), 3U);
  EXPECT_EQ(cache.find(2), nullptr);
  EXPECT_NE(cache.find(3), nullptr);
  EXPECT_NE(cache.find(5), nullptr);
}

}  // namespace
}  // namespace distiq
