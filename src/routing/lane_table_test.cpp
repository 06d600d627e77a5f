#include "routing/lane_table.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr MonotonicTime kNow{hours(100)};
constexpr WallTime kWall{std::chrono::milliseconds(1'795'000'000'000)};

LaneRequest request(std::string_view lane, MonotonicTime now = kNow) {
  return {.lane_id = lane,
          .session_id = "s",
          .account = "me",
          .request_class = RequestClass::main,
          .requested = "claude-opus-5-5",
          .serving = "claude-haiku-5-5",
          .requested_effort = "medium",
          .serving_effort = "",
          .turn = TurnKind::prompt,
          .now = now};
}

TEST(LaneTable, counts_turns_loops_and_lives) {
  LaneTable table;
  EXPECT_EQ(table.find("a"), nullptr);
  LaneRequest first = request("a");
  first.starts_life = true;
  EXPECT_FALSE(table.sent(first).ended.has_value());
  LaneRequest step = request("a");
  step.turn = TurnKind::loop_step;
  table.sent(step);
  table.sent(step);
  const LaneState* lane = table.find("a");
  ASSERT_NE(lane, nullptr);
  EXPECT_EQ(lane->human_turns, 1u);
  EXPECT_EQ(lane->loop_position, 2u);
  EXPECT_EQ(lane->life_requests, 3u);
  EXPECT_TRUE(lane->is_moved());
  LaneRequest move = request("a");
  move.is_warm_move = true;
  table.sent(move);
  EXPECT_EQ(lane->warm_moves, 1u);
  EXPECT_EQ(lane->loop_position, 0u);
  const auto ended = table.sent(first).ended;
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->requests, 4u);
  EXPECT_EQ(lane->past_lives, 1u);
  EXPECT_EQ(lane->life_requests, 1u);
  EXPECT_EQ(lane->warm_moves, 0u);
}

TEST(LaneTable, an_escalation_and_a_refusal_are_remembered) {
  LaneTable table;
  table.sent(request("a"));
  table.refused("a");
  table.refused("nobody");
  EXPECT_TRUE(table.find("a")->refused_below);
  LaneRequest up = request("a");
  up.serving = up.requested;
  up.escalates = true;
  table.sent(up);
  table.sent(request("a"));
  EXPECT_TRUE(table.find("a")->escalated);
  table.sent(up);
  LaneTable other;
  other.sent(up);
  other.refused("a");
  EXPECT_FALSE(other.find("a")->refused_below) << "not the smaller model's refusal";
}

TEST(LaneTable, settles_usage_and_the_money_of_both_worlds) {
  LaneTable table;
  table.sent(request("a"));
  table.sent(request("b"));
  const WorldMoney money{.actual = {3}, .untouched = {10}};
  table.settled("a", "claude-haiku-5-5", {.cache_write_5m = 9'000, .output = 100}, money);
  table.settled("a", "claude-haiku-5-5", {.input = 5, .cache_read = 9'000, .cache_write_5m = 2'000, .output = 300},
                money);
  table.settled("a", "claude-opus-5-5", {.cache_write_5m = 12'000, .output = 1}, money);
  table.settled("b", "claude-opus-5-5", {}, money);  // an answer without usage costs and teaches nothing
  table.settled("nobody", "claude-opus-5-5", {.input = 1}, money);
  const LaneState& lane = *table.find("a");
  EXPECT_EQ(lane.requests, 3u);
  EXPECT_EQ(lane.growth_tokens, 2'005u + 995u);
  EXPECT_EQ(lane.output_tokens, 401u);
  EXPECT_EQ(lane.money, (WorldMoney{{9}, {30}}));
  EXPECT_EQ(lane.cached[0].model, "claude-opus-5-5");
  EXPECT_EQ(lane.cached[0].tokens, 12'000u);
  EXPECT_EQ(lane.cached[1].model, "claude-haiku-5-5");
  EXPECT_EQ(lane.cached[1].tokens, 11'000u);
  EXPECT_EQ(table.find("b")->requests, 0u);
  EXPECT_EQ(table.session_money("s"), (WorldMoney{{12}, {40}}));
  EXPECT_EQ(table.session_money("other"), WorldMoney{});
}

TEST(LaneTable, a_client_without_sessions_has_one_per_conversation) {
  LaneTable table;
  LaneRequest sdk = request("a");
  sdk.session_id = "";
  table.sent(sdk);
  sdk.lane_id = "b";
  table.sent(sdk);
  table.settled("a", "m", {.input = 1}, {.actual = {1}, .untouched = {1}});
  EXPECT_EQ(table.session_money("a").actual.value, 1);
  EXPECT_EQ(table.session_money("b").actual.value, 0);
}

TEST(LaneTable, is_bounded_and_keeps_the_newest) {
  LaneTable table;
  for (std::size_t i = 0; i < LaneTable::kMaxLanes + 10; ++i) {
    table.sent(request(i == 0 ? "a" : std::to_string(i)));
    if (i == LaneTable::kMaxLanes - 1) table.sent(request("a"));
  }
  EXPECT_EQ(table.size(), LaneTable::kMaxLanes);
  EXPECT_NE(table.find("a"), nullptr) << "used again just before";
  EXPECT_EQ(table.find("1"), nullptr);
  LaneRequest nameless = request("");
  EXPECT_FALSE(table.sent(nameless).ended.has_value());
  EXPECT_EQ(table.size(), LaneTable::kMaxLanes);
}

TEST(LaneTable, reports_each_life_that_nobody_continued_once) {
  LaneTable table;
  table.sent(request("a"));
  table.sent(request("a"));
  table.sent(request("b", kNow + minutes(8)));
  EXPECT_TRUE(table.take_ended(kNow + minutes(10), 9).empty());
  const auto ended = table.take_ended(kNow + minutes(11), 9);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].requests, 2u);
  EXPECT_TRUE(table.take_ended(kNow + minutes(12), 9).empty());
  EXPECT_EQ(table.take_ended(kNow + hours(1), 9).size(), 1u);
  LaneRequest again = request("a", kNow + hours(2));
  again.starts_life = true;
  EXPECT_FALSE(table.sent(again).ended.has_value()) << "counted already";
}

TEST(LaneTable, survives_a_restart) {
  LaneTable table;
  table.sent(request("a"));
  table.sent(request("b", kNow + minutes(1)));
  table.settled("a", "claude-haiku-5-5", {.input = 9}, {.actual = {1}, .untouched = {2}});
  const auto rows = table.rows(kNow + minutes(3), kWall);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state.lane_id, "b");
  LaneTable again;
  const MonotonicTime boot{minutes(7)};  // another clock, two minutes of wall time later
  again.restore(rows, boot, kWall + minutes(2));
  const LaneState* lane = again.find("a");
  ASSERT_NE(lane, nullptr);
  EXPECT_EQ(boot - lane->last_use, minutes(5));
  EXPECT_EQ(lane->money, (WorldMoney{{1}, {2}}));
  EXPECT_EQ(again.session_money("s"), (WorldMoney{{1}, {2}}));
  EXPECT_TRUE(lane->is_moved());
  EXPECT_EQ(again.rows(boot, kWall)[0].state.lane_id, "b") << "the order too";
  // A wall clock that went back makes nothing warmer than now.
  LaneTable odd;
  odd.restore(rows, boot, kWall - hours(5));
  EXPECT_EQ(odd.find("a")->last_use, boot);
}

}  // namespace
}  // namespace distiq
