#include "routing/turn_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

namespace distiq {
namespace {

double left(const TurnStatistics& turns, RequestClass request_class, const LaneState* lane = nullptr) {
  return turns.forecast(request_class, lane, lane == nullptr).requests_left;
}

TEST(TurnStatistics, the_prior_knows_the_kinds_of_lanes) {
  const TurnStatistics turns;
  EXPECT_LT(left(turns, RequestClass::title), 0.3);
  EXPECT_LT(left(turns, RequestClass::compaction), 0.3);
  EXPECT_GT(left(turns, RequestClass::main), 8);
  EXPECT_LT(left(turns, RequestClass::main), 40);
  EXPECT_GT(left(turns, RequestClass::sub_agent), 8);
}

TEST(TurnStatistics, survival_falls_and_sums_to_what_is_expected) {
  const LifeForecast forecast = TurnStatistics().forecast(RequestClass::main, nullptr, true);
  EXPECT_TRUE(std::ranges::is_sorted(forecast.survival, std::greater<>()));
  EXPECT_LE(forecast.survival[0], 1);
  EXPECT_NEAR(std::accumulate(forecast.survival.begin(), forecast.survival.end(), 0.0), forecast.requests_left, 1e-9);
}

TEST(TurnStatistics, who_has_lived_long_will_live_long) {
  const TurnStatistics turns;
  LaneState lane;
  lane.life_requests = 60;
  EXPECT_GT(left(turns, RequestClass::main, &lane), left(turns, RequestClass::main) * 1.5);
  // A new life of an old lane is a new life.
  EXPECT_NEAR(turns.forecast(RequestClass::main, &lane, true).requests_left, left(turns, RequestClass::main), 1e-9);
}

TEST(TurnStatistics, lives_are_learned_online) {
  TurnStatistics turns;
  for (int i = 0; i < 500; ++i) turns.learn_life(RequestClass::main, 1);
  EXPECT_LT(left(turns, RequestClass::main), 2);
  TurnStatistics others;
  for (int i = 0; i < 500; ++i) others.learn_life(RequestClass::main, 12);
  EXPECT_NEAR(left(others, RequestClass::main), 12, 3);
  EXPECT_NEAR(left(others, RequestClass::sub_agent), left(TurnStatistics(), RequestClass::sub_agent), 1e-9);
}

TEST(TurnStatistics, growth_and_output_come_from_the_lane_once_it_has_shown_some) {
  TurnStatistics turns;
  for (int i = 0; i < 1000; ++i) turns.learn_request(RequestClass::main, 4'000, 900);
  const LifeForecast fresh = turns.forecast(RequestClass::main, nullptr, true);
  EXPECT_NEAR(static_cast<double>(fresh.growth), 4'000, 100);
  EXPECT_NEAR(static_cast<double>(fresh.output), 900, 20);
  LaneState lane;
  lane.requests = 95;
  lane.growth_tokens = 95 * 200;
  lane.output_tokens = 95 * 50;
  EXPECT_NEAR(static_cast<double>(turns.forecast(RequestClass::main, &lane, false).growth), 200 * 0.95 + 4'000 * 0.05,
              10);
}

TEST(TurnStatistics, returns_are_learned_per_confidence_and_tier) {
  TurnStatistics turns;
  EXPECT_GT(turns.return_probability(0, Tier::haiku), turns.return_probability(3, Tier::haiku));
  EXPECT_GT(turns.return_probability(0, Tier::haiku), turns.return_probability(0, Tier::sonnet));
  for (int i = 0; i < 300; ++i) {
    turns.learn_placement(2, Tier::haiku, false);
    if (i % 2 == 0) turns.learn_placement(2, Tier::haiku, true);
  }
  EXPECT_NEAR(turns.return_probability(2, Tier::haiku), 0.5, 0.02);
  EXPECT_EQ(turns.return_probability(9, Tier::haiku), 1) << "nonsense counts as certain";
  EXPECT_EQ(TurnStatistics::bucket_of(-1), 0u);
  EXPECT_EQ(TurnStatistics::bucket_of(0.5), 2u);
  EXPECT_EQ(TurnStatistics::bucket_of(1), 3u);
}

TEST(TurnStatistics, survive_a_restart_and_refuse_nonsense) {
  TurnStatistics turns;
  for (int i = 0; i < 50; ++i) turns.learn_life(RequestClass::main, 3);
  turns.learn_placement(1, Tier::sonnet, true);
  for (int i = 0; i < 99; ++i) turns.learn_placement(0, Tier::haiku, true);
  EXPECT_EQ(turns.return_probability(0, Tier::haiku), 1) << "never more returns than placements";
  TurnStatistics again;
  again.restore(turns.counts());
  EXPECT_EQ(again.counts(), turns.counts());
  std::vector<double> bad = turns.counts();
  bad[3] = -1;
  TurnStatistics unchanged;
  unchanged.restore(bad);
  bad.pop_back();
  unchanged.restore(bad);
  EXPECT_EQ(unchanged.counts(), TurnStatistics().counts());
}

}  // namespace
}  // namespace distiq
