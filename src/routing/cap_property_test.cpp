// The promise of `balanced`, over random sessions priced by a model of their own.
#include <gtest/gtest.h>

#include <cmath>

#include "routing/session_for_test.h"

namespace distiq {
namespace {

constexpr int kSessions = 250;
constexpr std::size_t kNever = 1'000'000;

struct Counts {
  int moved = 0;
  int returned = 0;
  int by_bank = 0;
  std::int64_t saved = 0;
};

TEST(Cap, a_quality_return_at_any_request_leaves_the_session_one_percent_above_never_moving_or_the_bank_pays) {
  SessionsForTest sessions(7, RoutingConfig{}.growth_bound_tokens);
  Counts counts;
  for (int i = 0; i < kSessions; ++i) {
    const SessionForTest session = sessions.next();
    const PicoUsd bank = sessions.bank();
    for (std::size_t at = 0; at <= session.requests.size(); ++at) {
      PlayForTest play(session, RoutingPolicy::balanced, bank);
      const OutcomeForTest outcome = play.play(at);
      ASSERT_LE(play.over_cap(), bank.value) << "session " << i << ", return at request " << at;
      counts.moved += outcome.moved ? 1 : 0;
      counts.returned += outcome.moved && outcome.returned_for_quality ? 1 : 0;
      counts.by_bank += play.over_cap() > 0 ? 1 : 0;
      counts.saved += outcome.untouched - outcome.actual;
    }
  }
  // The test means something: sessions move, come back, and some need the bank.
  EXPECT_GT(counts.moved, 1000);
  EXPECT_GT(counts.returned, 500);
  EXPECT_GT(counts.by_bank, 10);
  EXPECT_GT(counts.saved, 0);
}

TEST(Cap, a_session_without_a_quality_return_is_never_one_percent_dearer_whatever_grows) {
  SessionsForTest sessions(8, 120'000);
  int moved = 0;
  int called_back = 0;
  for (int i = 0; i < 4000; ++i) {
    const SessionForTest session = sessions.next();
    PlayForTest play(session, RoutingPolicy::balanced, sessions.bank());
    const OutcomeForTest outcome = play.play(kNever);
    if (outcome.returned_for_quality) continue;
    ASSERT_LE(play.over_cap(), 0) << "session " << i;
    moved += outcome.moved ? 1 : 0;
    called_back += outcome.returned_for_the_cap ? 1 : 0;
  }
  EXPECT_GT(moved, 500);
  std::printf("moved %d, called back by the cap %d\n", moved, called_back);
}

}  // namespace
}  // namespace distiq
