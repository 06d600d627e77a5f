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

TEST(TurnStatistics, a_conversation_goes_on_as_it_went_before) {
  const TurnStatistics turns;
  LaneState lane;
  lane.requests = lane.life_requests = 120;
  const double one_long_life = turns.forecast(RequestClass::main, &lane, true).requests_left;
  lane.requests = 3;
  lane.life_requests = 1;
  lane.past_lives = 2;
  const double three_short_ones = turns.forecast(RequestClass::main, &lane, true).requests_left;
  const double fresh = turns.forecast(RequestClass::main, nullptr, true).requests_left;
  EXPECT_GT(one_long_life, fresh * 1.2);
  EXPECT_LT(three_short_ones, fresh * 0.7);
  // The life that goes on is not one of those that are over.
  lane = {};
  lane.requests = lane.life_requests = 1;
  LaneState unknown = lane;
  unknown.requests = 0;
  EXPECT_EQ(turns.forecast(RequestClass::main, &lane, false).survival,
            turns.forecast(RequestClass::main, &unknown, false).survival);
}

TEST(TurnStatistics, returns_are_learned_per_confidence_and_tier) {
  TurnStatistics turns;
  EXPECT_GT(turns.return_rate(0, Tier::haiku), turns.return_rate(3, Tier::haiku));
  EXPECT_GT(turns.return_rate(0, Tier::haiku), turns.return_rate(0, Tier::sonnet));
  EXPECT_LT(turns.return_rate(TurnStatistics::kUnjudged, Tier::haiku), turns.return_rate(3, Tier::haiku));
  for (int i = 0; i < 3000; ++i) {
    turns.learn_below(2, Tier::haiku);
    if (i % 10 == 0) turns.learn_return(2, Tier::haiku);
  }
  EXPECT_NEAR(turns.return_rate(2, Tier::haiku), 0.1, 0.002);
  EXPECT_EQ(turns.return_rate(3, Tier::haiku), TurnStatistics().return_rate(3, Tier::haiku));
  EXPECT_EQ(turns.return_rate(9, Tier::haiku), 1) << "nonsense counts as certain";
  EXPECT_EQ(TurnStatistics::bucket_of(-1), 0u);
  EXPECT_EQ(TurnStatistics::bucket_of(0.5), 2u);
  EXPECT_EQ(TurnStatistics::bucket_of(1), 3u);
}

TEST(TurnStatistics, survive_a_restart_and_refuse_nonsense) {
  TurnStatistics turns;
  for (int i = 0; i < 50; ++i) turns.learn_life(RequestClass::main, 3);
  turns.learn_return(1, Tier::sonnet);
  for (int i = 0; i < 99; ++i) turns.learn_return(0, Tier::haiku);
  EXPECT_EQ(turns.return_rate(0, Tier::haiku), 1) << "never more returns than requests";
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
