// Compares sessions that were held out (left alone) with treated ones: what the proxy saves as measured, beside what
// its ledger claims. Pure; the intervals are from a bootstrap with a fixed seed, so the same rows give the same
// numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace distiq {

// Sums over one Claude Code session. Money in whole micro-dollars.
struct SessionCost {
  bool control = false;
  std::int64_t requests = 0;
  std::int64_t human_turns = 0;
  std::int64_t cost_usd_micros = 0;
  std::int64_t untouched_usd_micros = 0;  // counterfactual less restored: what the ledger says that it would have cost
};

struct ArmTotals {
  std::int64_t sessions = 0;
  std::int64_t requests = 0;
  std::int64_t human_turns = 0;
  std::int64_t cost_usd_micros = 0;
  std::int64_t untouched_usd_micros = 0;
};

// 95 percent of the bootstrap's values lie between low and high.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct HoldoutReport {
  ArmTotals control;
  ArmTotals treated;
  // What treated sessions cost less than held-out ones, as a share of the latter (0.4: 40 % less). Empty where an arm
  // has no session, or the held-out ones cost nothing.
  std::optional<Interval> saved_per_session;
  std::optional<Interval> saved_per_turn;  // the same per human turn: sessions of other lengths do not count
  std::optional<Interval> more_turns;      // human turns per session, treated less held-out, as a share of the latter
  std::optional<double> claimed;           // by the ledger, of treated sessions
  // Below this many sessions in an arm the intervals say little, and resampling too few values makes them too narrow.
  static constexpr std::int64_t enough_sessions = 20;
  [[nodiscard]] bool has_enough() const {
    return control.sessions >= enough_sessions && treated.sessions >= enough_sessions;
  }
};

[[nodiscard]] HoldoutReport compare_arms(std::span<const SessionCost> sessions);

}  // namespace distiq
