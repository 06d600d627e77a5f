#include "stats/holdout.h"

#include <algorithm>

namespace distiq {
namespace {

constexpr std::size_t rounds = 2'000;
constexpr std::size_t most_draws = 40'000'000;  // about half a second: fewer rounds where there are many sessions
constexpr std::size_t fewest_rounds = 200;

void add(ArmTotals& arm, const SessionCost& session) {
  ++arm.sessions;
  arm.requests += session.requests;
  arm.human_turns += session.human_turns;
  arm.cost_usd_micros += session.cost_usd_micros;
  arm.untouched_usd_micros += session.untouched_usd_micros;
}

double ratio(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

using Statistic = std::optional<double> (*)(const ArmTotals& control, const ArmTotals& treated);

std::optional<double> less_per_session(const ArmTotals& control, const ArmTotals& treated) {
  if (control.cost_usd_micros <= 0) return {};
  return 1 - ratio(treated.cost_usd_micros, treated.sessions) / ratio(control.cost_usd_micros, control.sessions);
}
std::optional<double> less_per_turn(const ArmTotals& control, const ArmTotals& treated) {
  if (control.cost_usd_micros <= 0 || control.human_turns == 0 || treated.human_turns == 0) return {};
  return 1 - ratio(treated.cost_usd_micros, treated.human_turns) / ratio(control.cost_usd_micros, control.human_turns);
}
std::optional<double> more_turns_per_session(const ArmTotals& control, const ArmTotals& treated) {
  if (control.human_turns == 0) return {};
  return ratio(treated.human_turns, treated.sessions) / ratio(control.human_turns, control.sessions) - 1;
}

// The same draws every time, as the same rows shall give the same interval: SplitMix64.
class Draws {
 public:
  std::size_t below(std::size_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31U)) % bound;
  }

 private:
  std::uint64_t state_ = 0;
};

class Bootstrap {
 public:
  Bootstrap(const std::vector<SessionCost>& control, const std::vector<SessionCost>& treated) {
    const std::size_t sessions = control.size() + treated.size();
    const std::size_t count = std::clamp(most_draws / sessions, fewest_rounds, rounds);
    Draws draws;
    samples_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) samples_.push_back({sample(control, draws), sample(treated, draws)});
  }

  [[nodiscard]] std::optional<Interval> of(Statistic statistic, const ArmTotals& control,
                                           const ArmTotals& treated) const {
    const auto value = statistic(control, treated);
    if (!value) return {};
    std::vector<double> values;
    for (const auto& [held_out, changed] : samples_) {
      if (const auto one = statistic(held_out, changed)) values.push_back(*one);
    }
    if (values.empty()) return {};
    std::ranges::sort(values);
    const auto at = [&](double share) {
      return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
    };
    return Interval{*value, at(0.025), at(0.975)};
  }

 private:
  static ArmTotals sample(const std::vector<SessionCost>& from, Draws& draws) {
    ArmTotals sum;
    for (std::size_t i = 0; i < from.size(); ++i) add(sum, from[draws.below(from.size())]);
    return sum;
  }

  std::vector<std::pair<ArmTotals, ArmTotals>> samples_;
};

}  // namespace

HoldoutReport compare_arms(std::span<const SessionCost> sessions) {
  std::vector<SessionCost> control;
  std::vector<SessionCost> treated;
  for (const SessionCost& session : sessions) (session.control ? control : treated).push_back(session);
  HoldoutReport report;
  for (const SessionCost& session : control) add(report.control, session);
  for (const SessionCost& session : treated) add(report.treated, session);
  if (report.treated.untouched_usd_micros > 0) {
    report.claimed = 1 - ratio(report.treated.cost_usd_micros, report.treated.untouched_usd_micros);
  }
  if (control.empty() || treated.empty()) return report;
  const Bootstrap bootstrap(control, treated);
  report.saved_per_session = bootstrap.of(less_per_session, report.control, report.treated);
  report.saved_per_turn = bootstrap.of(less_per_turn, report.control, report.treated);
  report.more_turns = bootstrap.of(more_turns_per_session, report.control, report.treated);
  return report;
}

}  // namespace distiq
