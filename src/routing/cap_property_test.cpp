// The promise of `balanced`, over random sessions priced by a model of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

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
      LedgerForTest ledger(bank);
      const OutcomeForTest outcome = PlayForTest(session, RoutingPolicy::balanced, ledger).play(at);
      ASSERT_LE(ledger.over_cap, bank.value) << "session " << i << ", return at request " << at;
      counts.moved += outcome.moved ? 1 : 0;
      counts.returned += outcome.moved && outcome.returned_for_quality ? 1 : 0;
      counts.by_bank += ledger.over_cap > 0 ? 1 : 0;
      counts.saved += outcome.untouched - outcome.actual;
    }
  }
  // The test means something: sessions move, come back, and some need the bank.
  EXPECT_GT(counts.moved, 1000);
  EXPECT_GT(counts.returned, 500);
  EXPECT_GT(counts.by_bank, 10);
  EXPECT_GT(counts.saved, 0);
}

// Three lanes at once, all taken back up at the same moment.
TEST(Cap, holds_for_the_lanes_of_a_session_together) {
  SessionsForTest sessions(11, RoutingConfig{}.growth_bound_tokens);
  int moved = 0;
  for (int i = 0; i < 100; ++i) {
    const std::array<SessionForTest, 3> lanes = {sessions.next(), sessions.next(), sessions.next()};
    const PicoUsd bank = sessions.bank();
    for (std::size_t at = 0; at < 90; at += 6) {
      LedgerForTest ledger(bank);
      std::vector<PlayForTest> plays;
      for (const SessionForTest& lane : lanes) {
        plays.emplace_back(lane, RoutingPolicy::balanced, ledger, "lane " + std::to_string(plays.size()));
      }
      for (std::size_t n = 0;; ++n) {
        PlayForTest* next = nullptr;
        for (PlayForTest& play : plays) {
          if (!play.is_over() && (next == nullptr || play.next_at() < next->next_at())) next = &play;
        }
        if (next == nullptr) break;
        next->step(n >= at);
      }
      ASSERT_LE(ledger.over_cap, bank.value) << "session " << i << ", returns at request " << at;
      for (const PlayForTest& play : plays) moved += play.outcome().moved ? 1 : 0;
    }
  }
  EXPECT_GT(moved, 400);
}

TEST(Cap, a_session_without_a_quality_return_is_never_one_percent_dearer_whatever_grows) {
  SessionsForTest sessions(8, 120'000);
  int moved = 0;
  int called_back = 0;
  for (int i = 0; i < 4000; ++i) {
    const SessionForTest session = sessions.next();
    LedgerForTest ledger(sessions.bank());
    const OutcomeForTest outcome = PlayForTest(session, RoutingPolicy::balanced, ledger).play(kNever);
    if (outcome.returned_for_quality) continue;
    ASSERT_LE(ledger.over_cap, 0) << "session " << i;
    moved += outcome.moved ? 1 : 0;
    called_back += outcome.returned_for_the_cap ? 1 : 0;
  }
  EXPECT_GT(moved, 500);
  EXPECT_GT(called_back, 10) << "the guard while a lane goes on is part of the proof";
}

// Made for Sonnet, where a return costs most, and with nothing won before it.
void make_as_bad_as_can_be(SessionForTest& session) {
  session.requested = "opus";
  session.warm_elsewhere = {};
  for (RequestForTest& request : session.requests) {
    request.difficulty = 0.45;
    request.output = 1;
  }
}

// Days of twenty sessions. On some days every session is taken back up somewhere, on some at its second request and as
// bad as can be; else a sixth of them.
TEST(Cap, savers_bank_ends_a_day_at_most_five_percent_of_its_bill_below_zero) {
  SessionsForTest sessions(9, RoutingConfig{}.growth_bound_tokens);
  std::mt19937 random(10);
  PicoUsd saved;
  PicoUsd untouched;
  int days_in_debt = 0;
  for (int day = 0; day < 200; ++day) {
    PicoUsd bank;
    PicoUsd bill;
    for (int i = 0; i < 20; ++i) {
      SessionForTest session = sessions.next();
      const bool is_worst = day % 3 == 1;
      if (is_worst) make_as_bad_as_can_be(session);
      const bool returns = day % 3 == 0 || random() % 6 == 0;
      LedgerForTest ledger(bank, bill);
      PlayForTest play(session, RoutingPolicy::saver, ledger);
      const OutcomeForTest outcome = play.play(is_worst ? 1 : returns ? random() % session.requests.size() : kNever);
      bank += PicoUsd{outcome.untouched - outcome.actual};
      bill += PicoUsd{outcome.actual};
      untouched += PicoUsd{outcome.untouched};
    }
    ASSERT_GE(bank.value, -std::max(bill, kFirstDayBill).value / 20) << "day " << day;
    days_in_debt += bank < PicoUsd{} ? 1 : 0;
    saved += bank;
  }
  EXPECT_GT(saved.value, untouched.value / 10);
  EXPECT_GT(days_in_debt, 10) << "the floor is reached";
  RecordProperty("saved_permille", static_cast<int>(saved.value / (untouched.value / 1000)));
}

}  // namespace
}  // namespace distiq
