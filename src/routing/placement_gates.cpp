#include "routing/placement_gates.h"

#include <fmt/format.h>

#include <algorithm>

#include "money/usd_text.h"

namespace distiq {
namespace {

std::string dollars(PicoUsd amount) {
  return usd_text(amount, 4);
}

// A session that is over its cap, or a bank in debt, allows less than nothing.
std::string too_risky(std::string_view when, PicoUsd loss, PicoUsd allowed) {
  const std::string most = allowed <= PicoUsd{} ? "nothing" : "only " + dollars(allowed);
  return fmt::format("going back {} could cost {}, {} is allowed", when, dollars(loss), most);
}

}  // namespace

const ModelPrice& PlacementGates::price(const CandidateModel& candidate) {
  const auto index = static_cast<std::size_t>(&candidate - q_.candidates.data());
  if (prices_.empty()) prices_.resize(q_.candidates.size());
  if (!prices_[index].has_value()) prices_[index] = pricing_.price(candidate);
  return *prices_[index];
}

PicoUsd PlacementGates::now(const CandidateModel& candidate) const {
  return pricing_.cost_now(candidate, pricing_.forecast().output);
}

bool PlacementGates::saves_now(const CandidateModel& candidate) const {
  return pricing_.cost_now(candidate, 0) < pricing_.untouched_now(0) &&
         candidate.model->prices.output <= q_.requested->prices.output && now(candidate) < now(asked());
}

bool PlacementGates::allows(std::string_view tier, double margin, bool must_be_sure) const {
  const auto to = tier_from(tier);
  if (!to.has_value()) return false;
  if (*to >= Tier::opus) return true;  // below Fable only
  const PromptVerdict& verdict = *q_.verdict;
  const DifficultyBar& bar = policy_ == RoutingPolicy::saver ? config_.saver : config_.balanced;
  const bool is_haiku = *to == Tier::haiku;
  if (verdict.difficulty >= (is_haiku ? bar.haiku_below : bar.sonnet_below) + margin) return false;
  // The verdict's confidence is that its own tier suffices.
  const double sure = verdict.tier <= *to ? verdict.confidence : 1 - verdict.confidence;
  return !must_be_sure || sure >= (is_haiku ? bar.haiku_confidence : bar.sonnet_confidence);
}

bool PlacementGates::place(const CandidateModel& candidate) {
  std::string why_not = candidate.legal ? against(candidate) : std::string();
  const bool passes = candidate.legal && why_not.empty();
  note(candidate, std::move(why_not));
  return passes;
}

void PlacementGates::note(const CandidateModel& candidate, std::string why_not) {
  if (!candidate.legal) why_not = candidate.illegal_because;
  const auto known = std::ranges::find(alternatives_, candidate.model, &Alternative::model);
  if (known != alternatives_.end()) {
    known->why_not = std::move(why_not);
    return;
  }
  const ModelPrice& costs = price(candidate);
  alternatives_.push_back({.model = candidate.model,
                           .this_request = costs.first,
                           .life = costs.life,
                           .exposure = pricing_.exposure(candidate, false),
                           .break_even = costs.break_even,
                           .why_not = std::move(why_not)});
}

std::string PlacementGates::against(const CandidateModel& candidate) {
  const ModelPrice& costs = price(candidate);
  const bool throws_away = costs.first_bare > pricing_.cost_now(asked(), 0);
  if (throws_away || point_ == DecisionPoint::human_turn_warm) {
    if (std::string why = against_warm(costs); !why.empty()) return why;
  }
  const PicoUsd saving = price(asked()).life - life_with_returns(candidate);
  if (saving <= PicoUsd{}) return fmt::format("would cost {} more over the rest of the conversation", dollars(-saving));
  return against_risk(candidate);
}

// Where the requested model has the prompt warm, the move must earn back what it throws away.
std::string PlacementGates::against_warm(const ModelPrice& costs) const {
  const bool is_warm_turn = point_ == DecisionPoint::human_turn_warm;
  if (is_warm_turn && q_.lane != nullptr && q_.lane->warm_moves >= config_.max_warm_moves) {
    return "moved as often as allowed while the prompt was cached";
  }
  const double remaining = 1 + pricing_.forecast().requests_left;
  if (costs.break_even == 0) return "would never earn back the cached prompt that it leaves";
  if (remaining <= config_.warm_margin * costs.break_even) {
    return fmt::format("{:.0f} requests are expected, it takes more than {:.0f} to be sure to break even", remaining,
                       config_.warm_margin * costs.break_even);
  }
  if (is_warm_turn && costs.crosses_step) return "the prompt would outgrow the size up to which it is cheap";
  return {};
}

std::string PlacementGates::against_risk(const CandidateModel& candidate) const {
  // Sessions end when they end: one that is over after this request must not have cost more for a forecast. One that is
  // over its cap already must not be kept from what makes it cheaper, though: staying is the other choice.
  const PicoUsd staying = pricing_.excess_if_it_ends(asked());
  if (const PicoUsd excess = pricing_.excess_if_it_ends(candidate); excess > std::max(pricing_.cap(), staying)) {
    return fmt::format("the session would have cost {} more if it ended here", dollars(excess));
  }
  if (policy_ == RoutingPolicy::saver) {
    const PicoUsd loss = pricing_.exposure(candidate, false);
    if (loss <= pricing_.debt_allowance()) return {};
    return too_risky("at once", loss, pricing_.debt_allowance());
  }
  const PicoUsd loss = pricing_.exposure(candidate, true);
  const PicoUsd allowed = std::max(pricing_.cap_with_bank(), staying);
  return loss <= allowed ? std::string() : too_risky("later", loss, allowed);
}

// The chance of coming back is part of a placement's price.
PicoUsd PlacementGates::life_with_returns(const CandidateModel& candidate) {
  static const TurnStatistics prior;
  const TurnStatistics& turns = q_.turns == nullptr ? prior : *q_.turns;
  const bool is_judged = q_.verdict.has_value() && q_.request_class != RequestClass::sub_agent;
  const std::uint32_t bucket =
      is_judged ? TurnStatistics::bucket_of(q_.verdict->confidence) : TurnStatistics::kUnjudged;
  return pricing_.life_with_returns(candidate,
                                    turns.return_rate(bucket, tier_from(candidate.model->tier).value_or(Tier::haiku)));
}

std::string PlacementGates::placement(const CandidateModel& candidate, std::string_view why) const {
  const PicoUsd saved = pricing_.untouched_now(pricing_.forecast().output) - now(candidate);
  std::string text = fmt::format("{} -> {}: {}", q_.requested->tier, candidate.model->tier, why);
  if (q_.verdict.has_value() && q_.request_class != RequestClass::sub_agent) {
    text += fmt::format(" (difficulty {:.2f}, {:.0f} % sure)", q_.verdict->difficulty, q_.verdict->confidence * 100);
  }
  return text + fmt::format("; saves {} now", dollars(saved));
}

std::string PlacementGates::stays_because() const {
  std::string text = fmt::format("stays on {}", q_.requested->tier);
  for (auto a = alternatives_.rbegin(); a != alternatives_.rend(); ++a) {
    text += fmt::format("{}{}: {}", a == alternatives_.rbegin() ? ": " : "; ", a->model->tier, a->why_not);
  }
  return text;
}

}  // namespace distiq
