#include "stats/holdout.h"

#include <gtest/gtest.h>

#include <random>

namespace distiq {
namespace {

SessionCost session(bool control, std::int64_t turns, std::int64_t cost, std::int64_t untouched) {
  return {.control = control,
          .requests = turns * 3,
          .human_turns = turns,
          .cost_usd_micros = cost,
          .untouched_usd_micros = untouched};
}

TEST(Holdout, says_what_treated_sessions_cost_less) {
  std::vector<SessionCost> sessions;
  for (int i = 0; i < 30; ++i) {
    sessions.push_back(session(true, 4, 1'000'000, 1'000'000));
    sessions.push_back(session(false, 4, 600'000, 1'000'000));
  }
  const HoldoutReport report = compare_arms(sessions);
  EXPECT_TRUE(report.has_enough());
  EXPECT_EQ(report.control.sessions, 30);
  EXPECT_EQ(report.treated.human_turns, 120);
  ASSERT_TRUE(report.saved_per_session && report.saved_per_turn && report.more_turns && report.claimed);
  EXPECT_NEAR(report.saved_per_session->value, 0.4, 1e-9);
  EXPECT_NEAR(report.saved_per_session->low, 0.4, 1e-9) << "all sessions are alike: there is nothing to be unsure of";
  EXPECT_NEAR(report.saved_per_turn->high, 0.4, 1e-9);
  EXPECT_NEAR(report.more_turns->value, 0, 1e-9);
  EXPECT_NEAR(*report.claimed, 0.4, 1e-9);
}

TEST(Holdout, more_turns_for_the_same_work_are_seen) {
  std::vector<SessionCost> sessions;
  for (int i = 0; i < 25; ++i) {
    sessions.push_back(session(true, 4, 1'000'000, 1'000'000));
    sessions.push_back(session(false, 6, 600'000, 1'500'000));
  }
  const HoldoutReport report = compare_arms(sessions);
  EXPECT_NEAR(report.more_turns->value, 0.5, 1e-9);
  EXPECT_NEAR(report.saved_per_session->value, 0.4, 1e-9);
  EXPECT_NEAR(report.saved_per_turn->value, 0.6, 1e-9);
}

// Over many experiments with a known truth the interval must hold it about as often as it says.
TEST(Holdout, the_interval_holds_the_truth) {
  std::mt19937 random(7);  // NOLINT: the same experiments every time
  std::lognormal_distribution<double> size(0, 1);
  constexpr int experiments = 60;
  int held = 0;
  for (int i = 0; i < experiments; ++i) {
    std::vector<SessionCost> sessions;
    for (int n = 0; n < 120; ++n) {
      const bool control = n % 2 == 0;
      const double cost = size(random) * (control ? 1'000'000 : 700'000);
      sessions.push_back(session(control, 3, static_cast<std::int64_t>(cost), static_cast<std::int64_t>(cost)));
    }
    const auto saved = compare_arms(sessions).saved_per_session;
    ASSERT_TRUE(saved);
    EXPECT_LE(saved->low, saved->value);
    EXPECT_LE(saved->value, saved->high);
    held += saved->low <= 0.3 && 0.3 <= saved->high;
  }
  EXPECT_GE(held, experiments * 85 / 100);
  EXPECT_LT(held, experiments) << "an interval that always holds it says nothing";
}

TEST(Holdout, is_the_same_for_the_same_rows_and_silent_without_them) {
  std::vector<SessionCost> sessions;
  for (int i = 0; i < 10; ++i) sessions.push_back(session(i % 3 == 0, 2, 100'000 + i * 7'000, 200'000));
  const auto once = compare_arms(sessions).saved_per_session;
  const auto again = compare_arms(sessions).saved_per_session;
  EXPECT_EQ(once->low, again->low);
  EXPECT_EQ(once->high, again->high);
  EXPECT_FALSE(compare_arms(sessions).has_enough());

  EXPECT_FALSE(compare_arms({}).saved_per_session);
  EXPECT_FALSE(compare_arms({}).claimed);
  const std::vector<SessionCost> only = {session(false, 2, 1, 2)};
  EXPECT_FALSE(compare_arms(only).saved_per_session);
  const std::vector<SessionCost> free = {session(true, 0, 0, 0), session(false, 0, 0, 0)};
  EXPECT_FALSE(compare_arms(free).saved_per_session);
  EXPECT_FALSE(compare_arms(free).more_turns);
}

}  // namespace
}  // namespace distiq
