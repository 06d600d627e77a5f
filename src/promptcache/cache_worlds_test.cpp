#include "promptcache/cache_worlds.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "promptcache/prompt_for_test.h"

namespace distiq {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const ModelInfo& model(std::string_view id) {
  return *PriceTable::builtin().find(id);
}

// The n-th request of a conversation whose turns are 1000 tokens each.
PromptMap turn(int n, std::string_view mark = R"("cache_control":{"type":"ephemeral"},)") {
  std::string body = R"({"model":"claude-opus-5-5","messages":[)";
  for (int i = 0; i <= 2 * n; ++i) {
    body += fmt::format(R"({}{{"role":"{}","content":[{{{}"type":"text","text":"{}{}"}}]}})", i == 0 ? "" : ",",
                        i % 2 == 0 ? "user" : "assistant", i == 2 * n ? mark : "", i, text_of_tokens(1000));
  }
  return map_of(body + "]}");
}

class Worlds {
 public:
  explicit Worlds(CacheWorldsLimits limits = {}) : worlds(limits) {}

  Counterfactual ask(const PromptMap& came, const PromptMap& leaves, std::string_view served, const TokenUsage& used) {
    ModelPrompts untouched(came);
    ModelPrompts sent(leaves);
    CacheTicket ticket =
        worlds.sent({"a", &model("opus"), &model(served), &untouched, &came == &leaves ? nullptr : &sent}, now);
    worlds.answer_began(ticket);
    now += seconds(5);
    return worlds.settle(ticket, used);
  }
  Counterfactual ask(const PromptMap& map, std::string_view served, const TokenUsage& used) {
    return ask(map, map, served, used);
  }
  CacheForecast forecast(const PromptMap& map, std::string_view on = "opus") const {
    ModelPrompts prompt(map);
    return worlds.forecast({"a", &model(on)}, prompt, now);
  }
  CacheForecast direct(const PromptMap& map) const {
    ModelPrompts prompt(map);
    return worlds.forecast_untouched({"a", &model("opus")}, prompt, now);
  }

  CacheWorlds worlds;
  MonotonicTime now{std::chrono::hours(9)};
};

TEST(cache_worlds, untouched_requests_cost_what_they_cost) {
  Worlds w;
  const TokenUsage surprising{.input = 7, .cache_read = 12'345, .cache_write_5m = 3, .output = 9};
  for (int n = 0; n < 5; ++n) {
    const Counterfactual c = w.ask(turn(n), "opus", surprising);
    EXPECT_TRUE(c.worlds_agreed);
    EXPECT_EQ(c.usage, surprising);
  }
}

TEST(cache_worlds, a_moved_lane_would_have_been_warm_where_it_asked_to_be) {
  Worlds w;
  const Counterfactual first = w.ask(turn(0), "haiku", {.cache_write_5m = 1300, .output = 1300});
  EXPECT_FALSE(first.worlds_agreed);
  EXPECT_TRUE(first.tokens_known);
  EXPECT_EQ(first.usage, (TokenUsage{.cache_write_5m = 1300, .output = 1300}));
  const Counterfactual second = w.ask(turn(1), "haiku", {.cache_read = 1300, .cache_write_5m = 2600, .output = 10});
  EXPECT_EQ(second.usage, (TokenUsage{.cache_read = 1300, .cache_write_5m = 2600, .output = 10}));
  // Now it comes back: cold where it really is, warm where it would be.
  EXPECT_EQ(w.forecast(turn(2)).read, 0U);
  EXPECT_EQ(w.direct(turn(2)).read, 3900U);
  const Counterfactual back = w.ask(turn(2), "opus", {.cache_write_5m = 6500, .output = 10});
  EXPECT_FALSE(back.worlds_agreed);
  EXPECT_EQ(back.usage, (TokenUsage{.cache_read = 3900, .cache_write_5m = 2600, .output = 10}));
  EXPECT_TRUE(w.ask(turn(3), "opus", {.cache_read = 6500, .cache_write_5m = 2600}).worlds_agreed) << "met again";
}

TEST(cache_worlds, added_markers_are_not_in_the_world_without_us) {
  Worlds w;
  const auto none = [](int n) { return turn(n, ""); };
  const Counterfactual first = w.ask(none(0), turn(0), "opus", {.cache_write_5m = 1300});
  EXPECT_EQ(first.usage, (TokenUsage{.input = 1300}));
  const Counterfactual second = w.ask(none(1), turn(1), "opus", {.cache_read = 1300, .cache_write_5m = 2600});
  EXPECT_EQ(second.usage, (TokenUsage{.input = 3900}));
  EXPECT_TRUE(second.tokens_known);
}

TEST(cache_worlds, a_longer_life_is_not_in_the_world_without_us) {
  Worlds w;
  const std::string_view hour = R"("cache_control":{"type":"ephemeral","ttl":"1h"},)";
  EXPECT_EQ(w.ask(turn(0), turn(0, hour), "opus", {.cache_write_1h = 1300}).usage,
            (TokenUsage{.cache_write_5m = 1300}));
  w.now += minutes(20);
  EXPECT_EQ(w.forecast(turn(1, hour)).read, 1300U);
  const Counterfactual later = w.ask(turn(1), turn(1, hour), "opus", {.cache_read = 1300, .cache_write_1h = 2600});
  EXPECT_EQ(later.usage, (TokenUsage{.cache_write_5m = 3900}));
}

TEST(cache_worlds, nothing_can_be_read_before_the_answer_began) {
  Worlds w;
  const PromptMap map = turn(0);
  ModelPrompts prompt(map);
  CacheTicket ticket = w.worlds.sent({"a", &model("opus"), &model("opus"), &prompt, &prompt}, w.now);
  EXPECT_EQ(w.forecast(map).read, 0U);
  w.worlds.answer_began(ticket);
  EXPECT_GT(w.forecast(map).read, 0U);
}

TEST(cache_worlds, a_request_that_is_given_up_has_written_nothing) {
  Worlds w;
  const PromptMap map = turn(0);
  ModelPrompts prompt(map);
  CacheTicket ticket = w.worlds.sent({"a", &model("opus"), &model("opus"), &prompt, &prompt}, w.now);
  ticket = {};
  w.worlds.answer_began(ticket);
  EXPECT_EQ(w.forecast(map).read, 0U);
}

TEST(cache_worlds, what_somebody_else_wrote_is_in_both_worlds) {
  Worlds w;
  (void)w.ask(turn(0), "opus", {.cache_write_5m = 1300});
  w.now += minutes(30);
  EXPECT_EQ(w.forecast(turn(0)).read, 0U);
  EXPECT_TRUE(w.ask(turn(0), "opus", {.cache_read = 1300}).worlds_agreed);  // another client kept it warm
  EXPECT_EQ(w.forecast(turn(0)).read, 1300U);
  EXPECT_EQ(w.direct(turn(0)).read, 1300U);
}

TEST(cache_worlds, what_upstream_lost_is_lost_in_both_worlds) {
  Worlds w;
  (void)w.ask(turn(0), "opus", {.cache_write_5m = 1300});
  EXPECT_TRUE(w.ask(turn(1), "opus", {.input = 3900}).worlds_agreed);  // neither read nor written
  EXPECT_EQ(w.forecast(turn(1)).read, 0U);
  EXPECT_EQ(w.direct(turn(1)).read, 0U);
}

TEST(cache_worlds, a_conversation_under_way_at_the_start_counts_as_warm_where_it_asks) {
  Worlds w;
  w.worlds.watch_from(w.now);
  EXPECT_EQ(w.forecast(turn(0)).read, 0U) << "a first request is cold";
  EXPECT_GT(w.forecast(turn(3)).read, 0U);
  EXPECT_EQ(w.forecast(turn(3), "haiku").read, 0U) << "only under the model that it names";
  EXPECT_EQ(w.forecast(turn(3), "claude-opus-5").read, 0U);
  const Counterfactual c = w.ask(turn(3), "haiku", {.cache_write_5m = 9100});
  EXPECT_GT(c.usage.cache_read, 5000U) << "no saving is claimed on a guess";
  w.now += minutes(61);
  EXPECT_EQ(w.forecast(turn(3)).read, 0U);
}

TEST(cache_worlds, usage_of_tools_that_ran_upstream_teaches_nothing_about_the_prompt) {
  Worlds w;
  const std::uint64_t before = w.forecast(turn(0)).prompt_tokens;
  (void)w.ask(turn(0), "opus", {.input = 90'000, .web_searches = 3});
  EXPECT_EQ(w.forecast(turn(0)).prompt_tokens, before);
  const TokenUsage used{.input = 90'000, .output = 5, .web_searches = 3};
  const Counterfactual moved = w.ask(turn(0), "haiku", used);
  EXPECT_EQ(moved.usage, used);
  EXPECT_FALSE(moved.tokens_known);
}

TEST(cache_worlds, a_request_is_settled_once) {
  Worlds w;
  ModelPrompts prompt(turn(0));
  const TokenUsage used{.input = 5};
  CacheTicket ticket = w.worlds.sent({"a", &model("opus"), &model("haiku"), &prompt, &prompt}, w.now);
  EXPECT_FALSE(w.worlds.settle(ticket, used).worlds_agreed);
  EXPECT_FALSE(ticket.is_open());
  EXPECT_TRUE(w.worlds.settle(ticket, used).worlds_agreed);
  EXPECT_EQ(w.worlds.settle(ticket, used).usage, used);
}

TEST(cache_worlds, an_empty_prompt_and_empty_usage_are_nothing) {
  Worlds w;
  EXPECT_EQ(w.forecast(PromptMap{}).prompt_tokens, 0U);
  (void)w.ask(PromptMap{}, "haiku", {});
  (void)w.ask(PromptMap{}, "haiku", {.input = 3});
  (void)w.ask(turn(0), "haiku", {});
}

TEST(cache_worlds, a_restart_loses_nothing) {
  const WallTime wall{std::chrono::hours(24 * 20'000)};
  Worlds before;
  (void)before.ask(turn(0), "opus", {.cache_write_5m = 1300, .output = 1250});
  (void)before.ask(turn(1), "haiku", {.cache_write_5m = 3900, .output = 1250});
  const std::vector<std::string> rows = before.worlds.rows(before.now, wall);
  Worlds after;
  after.now = MonotonicTime{seconds(30)};  // another boot
  for (const auto& row : rows)
    EXPECT_TRUE(after.worlds.restore(row, after.now + seconds(60), wall + seconds(60))) << row;
  before.now += seconds(60);
  after.now += seconds(60);
  for (const auto* id : {"opus", "haiku", "sonnet"})
    EXPECT_EQ(after.forecast(turn(2), id), before.forecast(turn(2), id)) << id;
  EXPECT_EQ(after.direct(turn(2)), before.direct(turn(2)));
  EXPECT_EQ(after.worlds.rows(after.now, wall + seconds(60)), rows);
  // Lives go on meanwhile.
  Worlds late;
  int restored = 0;
  for (const auto& row : rows) restored += late.worlds.restore(row, late.now, wall + minutes(6)) ? 1 : 0;
  EXPECT_LT(restored, static_cast<int>(rows.size()));
  EXPECT_EQ(late.forecast(turn(2), "haiku").read, 0U);
}

TEST(cache_worlds, rows_of_another_form_are_refused) {
  Worlds w;
  const WallTime wall{std::chrono::hours(24 * 20'000)};
  for (const char* row :
       {"", "pc1", "pc2 e a 1f 5 1728000060000", "pc1 e x 1f 5 1728000060000", "pc1 e a 1g 5 1728000060000",
        "pc1 e a 1f 7 1728000060000", "pc1 e a 1f 5 1728000060000 more", "pc1 e a 1f 5 99999999999999999999",
        "pc1 e a 1f 5 1999000060000", "pc1 e a 1f 5 -1", "pc1 k 1f", "pc1 k 1f 0 0 1 2 3", "pc1 k 1f 0 999999999999",
        "pc1 d 1 2 3", "pc1 d 270000 270000", "pc1 z"})
    EXPECT_FALSE(w.worlds.restore(row, w.now, wall)) << row;
  EXPECT_TRUE(w.worlds.restore("pc1 e a 1f 5 1728000060000", w.now, wall));
  EXPECT_TRUE(w.worlds.restore("pc1 k 1f ab 700 c d 1300 1150 2", w.now, wall));
  const std::vector<std::string> rows = w.worlds.rows(w.now, wall);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0], "pc1 e a 1f 5 1728000060000");
  EXPECT_EQ(rows[1], "pc1 k 1f ab 700 c d 1300 1150 2");
}

TEST(cache_worlds, memory_is_bounded_by_its_limits) {
  Worlds w({.entries = 8, .known_points = 8});
  for (int n = 0; n < 40; ++n) (void)w.ask(turn(n), n % 3 == 0 ? "haiku" : "opus", {.cache_write_5m = 1300});
  EXPECT_LE(w.worlds.rows(w.now, WallTime{}).size(), 8U + 8U + 8U + 1U);
}

}  // namespace
}  // namespace distiq
