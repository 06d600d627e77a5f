#include "routing/decide_route.h"

#include <fmt/format.h>

#include <algorithm>

#include "money/usd_text.h"
#include "routing/effort.h"
#include "routing/placement_gates.h"

namespace distiq {
namespace {

constexpr double kShrunk = 0.6;  // a prompt that lost so much was compacted

std::string dollars(PicoUsd amount) {
  return usd_text(amount, 4);
}

class RouteRules {
 public:
  RouteRules(const RouteQuestion& question, const RoutingConfig& config)
      : q_(question),
        config_(config),
        policy_(question.policy == RoutingPolicy::observe ? RoutingPolicy::balanced : question.policy) {
    if (policy_ == RoutingPolicy::balanced && q_.pressure.leans_to_saver) policy_ = RoutingPolicy::saver;
  }

  // Says nothing that decide() would not say.
  std::optional<RouteDecision> decide_at_once() {
    if (q_.requested == nullptr || q_.candidates.empty() || policy_ == RoutingPolicy::off ||
        !q_.untouchable_because.empty()) {
      return decide();
    }
    switch (q_.request_class) {
      case RequestClass::classifier:
      case RequestClass::count_tokens:
        return decide();
      case RequestClass::other:
        if (!may_place_others()) return decide();
        break;
      case RequestClass::main:
      case RequestClass::sub_agent:
        break;
      case RequestClass::title:
      case RequestClass::web_helper:
      case RequestClass::compaction:
        return std::nullopt;
    }
    const bool is_as_asked =
        q_.lane != nullptr && q_.lane->requested == q_.requested->id && !is_moved() && !has_lower_effort();
    if (!is_as_asked) return std::nullopt;
    const bool stays = q_.pin.has_value() ? find_point() == DecisionPoint::none
                                          : q_.lane->escalated || find_point() == DecisionPoint::none;
    return stays ? std::optional(conversation()) : std::nullopt;
  }

  RouteDecision decide() {
    if (q_.requested == nullptr || q_.candidates.empty()) return never("the model is not in the price table");
    if (policy_ == RoutingPolicy::off) return as_asked(RouteCause::policy_off, "policy off");
    if (!q_.untouchable_because.empty()) return never(q_.untouchable_because);
    switch (q_.request_class) {
      case RequestClass::classifier:
        return never("a safety check of the client");
      case RequestClass::count_tokens:
        return never("counting tokens is free");
      case RequestClass::other:
        if (!may_place_others()) return never("not a request that Claude Code makes");
        return conversation();
      case RequestClass::title:
      case RequestClass::web_helper:
        return helper();
      case RequestClass::compaction:
        return compaction();
      case RequestClass::main:
      case RequestClass::sub_agent:
        return conversation();
    }
    return never("an unknown kind of request");
  }

 private:
  // A script that asks the API for a certain model may rest on it: only `saver` dares, unless it has asked us.
  [[nodiscard]] bool may_place_others() const { return policy_ == RoutingPolicy::saver || q_.is_ours_to_place; }
  [[nodiscard]] const CandidateModel& asked() const { return q_.candidates[0]; }
  [[nodiscard]] bool is_moved() const { return q_.lane != nullptr && q_.lane->serving != q_.lane->requested; }
  [[nodiscard]] bool has_lower_effort() const {
    return q_.lane != nullptr && !q_.lane->serving_effort.empty() && q_.lane->requested_effort == q_.requested_effort &&
           q_.lane->requested == q_.requested->id;
  }
  [[nodiscard]] const CandidateModel* find(std::string_view model_id) const {
    const auto it =
        std::ranges::find_if(q_.candidates, [&](const CandidateModel& c) { return c.model->id == model_id; });
    return it == q_.candidates.end() ? nullptr : &*it;
  }
  [[nodiscard]] const CandidateModel* find(Tier tier) const {
    const auto it =
        std::ranges::find_if(q_.candidates, [&](const CandidateModel& c) { return tier_from(c.model->tier) == tier; });
    return it == q_.candidates.end() ? nullptr : &*it;
  }
  [[nodiscard]] Tier asked_tier() const { return tier_from(q_.requested->tier).value_or(Tier::haiku); }

  // ---- answers

  [[nodiscard]] RouteDecision as_asked(RouteCause cause, std::string reason) const {
    RouteDecision decision;
    decision.serve = q_.requested;
    decision.cause = cause;
    decision.reason = std::move(reason);
    return decision;
  }
  [[nodiscard]] RouteDecision never(std::string_view why) const {
    RouteDecision decision = as_asked(RouteCause::never_moved, std::string("not moved: ").append(why));
    if (is_moved()) decision.return_upwards = true;
    return decision;
  }

  RouteDecision served_by(const CandidateModel& candidate, RouteCause cause, std::string reason) {
    const LanePricing& pricing = gates().pricing();
    RouteDecision decision = as_asked(cause, std::move(reason));
    decision.serve = candidate.model;
    decision.point = point_;
    const std::uint64_t output = pricing.forecast().output;
    decision.expected_saving = pricing.untouched_now(output) - pricing.cost_now(candidate, output);
    decision.return_penalty = pricing.return_penalty(candidate);
    if (q_.lane != nullptr) decision.judge_bucket = q_.lane->judge_bucket;
    return decision;
  }

  // With what the decision rested on, for explain.
  RouteDecision decided(const CandidateModel& candidate, RouteCause cause, std::string reason) {
    RouteDecision decision = served_by(candidate, cause, std::move(reason));
    gates().note(asked(), "what was asked for");
    decision.alternatives = gates().take_alternatives();
    const auto chosen = std::ranges::find(decision.alternatives, candidate.model, &Alternative::model);
    if (chosen != decision.alternatives.end()) {
      chosen->why_not.clear();
      decision.expected_life_saving = gates().pricing().untouched_life() - chosen->life;
    }
    return decision;
  }

  RouteDecision return_up(RouteCause cause, std::string why) {
    RouteDecision decision = served_by(asked(), cause, fmt::format("back up to {}: {}", q_.requested->tier, why));
    decision.point = DecisionPoint::escalation;
    decision.return_upwards = true;
    decision.escalates = true;
    return decision;
  }

  PlacementGates& gates() {
    if (!gates_.has_value()) gates_.emplace(q_, config_, policy_, point_);
    return *gates_;
  }

  // ---- where we are

  [[nodiscard]] DecisionPoint find_point() const {
    if (q_.lane == nullptr) return DecisionPoint::lane_start;
    if (q_.lane->requested != q_.requested->id || q_.lane->requested_effort != q_.requested_effort) {
      return DecisionPoint::client_changed;
    }
    if (q_.lane->is_cold(q_.now)) return DecisionPoint::cold;
    const CandidateModel* serving = find(q_.lane->serving);
    const std::uint64_t prompt = (serving == nullptr ? asked() : *serving).forecast.prompt_tokens;
    if (static_cast<double>(prompt) < kShrunk * static_cast<double>(q_.lane->prompt_tokens)) {
      return DecisionPoint::after_compaction;
    }
    return q_.turn == TurnKind::prompt ? DecisionPoint::human_turn_warm : DecisionPoint::none;
  }

  // ---- single requests

  // A single request does not come back: nothing is at risk.
  RouteDecision once(RouteDecision decision) const {
    decision.return_penalty = {};
    return decision;
  }

  // What Claude Code runs on its small model when it talks to Anthropic directly; our base URL took that away.
  RouteDecision helper() {
    point_ = DecisionPoint::lane_start;
    const CandidateModel* haiku = find(Tier::haiku);
    if (haiku == nullptr || haiku == &asked()) return as_asked(RouteCause::none, "as asked");
    gates().note(*haiku);
    if (!haiku->legal) return decided(asked(), RouteCause::none, haiku->illegal_because);
    if (!gates().saves_now(*haiku))
      return decided(asked(), RouteCause::none,
                     fmt::format("stays on {}: {} would not be cheaper", q_.requested->tier, haiku->model->tier));
    return once(decided(*haiku, RouteCause::restored_helper,
                        fmt::format("{} -> {}: without a proxy Claude Code runs this helper there", q_.requested->tier,
                                    haiku->model->tier)));
  }

  // One request over a prompt that the main lane may have warm: the cheapest by arithmetic.
  RouteDecision compaction() {
    point_ = DecisionPoint::lane_start;
    const CandidateModel* best = &asked();
    for (const CandidateModel& candidate : q_.candidates.subspan(1)) {
      gates().note(candidate);
      if (!candidate.legal || !gates().saves_now(candidate)) continue;
      if (gates().now(candidate) < gates().now(*best)) best = &candidate;
    }
    if (best == &asked())
      return decided(asked(), RouteCause::none,
                     fmt::format("stays on {}: compaction is cheapest where its prompt is cached", q_.requested->tier));
    return once(decided(*best, RouteCause::class_rule,
                        fmt::format("{} -> {}: compaction, {} instead of {}", q_.requested->tier, best->model->tier,
                                    dollars(gates().now(*best)),
                                    dollars(gates().pricing().untouched_now(gates().pricing().forecast().output)))));
  }

  // ---- conversations

  RouteDecision conversation() {
    point_ = find_point();
    const bool is_same_model = q_.lane != nullptr && q_.lane->requested == q_.requested->id;
    if (q_.pin.has_value()) return pinned();
    if (is_same_model && q_.lane->escalated) {
      return as_asked(
          RouteCause::lane_stays,
          fmt::format("stays on {}: came back from a cheaper model and is not moved again", q_.requested->tier));
    }
    const bool is_lowered = is_same_model && (is_moved() || has_lower_effort());
    if (is_lowered) {
      if (auto back = evidence()) return *std::move(back);
    }
    if (point_ == DecisionPoint::none) return go_on();
    if (q_.request_class == RequestClass::sub_agent) return sub_agent(is_same_model);
    return judged(is_same_model);
  }

  std::optional<RouteDecision> evidence() {
    const Struggle& s = q_.struggle;
    if (q_.verdict.has_value() && q_.turn == TurnKind::prompt && q_.verdict->objection) {
      return return_up(RouteCause::objection, "the user objects");
    }
    if (s.refused || q_.lane->refused_below) return return_up(RouteCause::struggle, "the cheaper model refused");
    if (s.errors_in_a_row >= config_.errors_to_escalate) {
      return return_up(RouteCause::struggle, fmt::format("{} tool errors in a row", s.errors_in_a_row));
    }
    if (s.same_call >= config_.repeats_to_escalate) {
      return return_up(RouteCause::struggle, fmt::format("the same tool call {} times", s.same_call));
    }
    if (s.edit_flips >= config_.flips_to_escalate) {
      return return_up(RouteCause::struggle, "a file edited back and forth");
    }
    return {};
  }

  // As decided earlier; the cap may call a lane back, and so may a request that the smaller model cannot serve.
  RouteDecision go_on() {
    if (q_.lane == nullptr) return as_asked(RouteCause::none, "as asked");
    if (!is_moved() || q_.lane->requested != q_.requested->id) {
      RouteDecision decision = as_asked(RouteCause::lane_stays, "stays on " + q_.requested->tier);
      if (has_lower_effort()) decision.effort = q_.lane->serving_effort;
      decision.point = point_;
      return decision;
    }
    const CandidateModel* serving = find(q_.lane->serving);
    if (serving == nullptr || !serving->legal) {
      RouteDecision decision = served_by(
          asked(), RouteCause::illegal,
          fmt::format("back up to {}: {}", q_.requested->tier,
                      serving == nullptr ? q_.lane->serving + " cannot take this request" : serving->illegal_because));
      decision.return_upwards = true;
      return decision;
    }
    if (policy_ == RoutingPolicy::balanced && cap_calls_back(*serving)) {
      return served_by(asked(), RouteCause::cap_return,
                       fmt::format("back up to {}: going on could cost more than is allowed", q_.requested->tier));
    }
    return served_by(*serving, RouteCause::lane_stays, "stays on " + serving->model->tier);
  }

  // Going on might lead over the cap and not even the bank covers it, while a return now stays below it.
  bool cap_calls_back(const CandidateModel& serving) {
    const LanePricing& p = gates().pricing();
    if (p.exposure(serving, false) <= p.cap_with_bank()) return false;
    return p.excess_if_it_ends(asked()) <= p.cap();
  }

  RouteDecision pinned() {
    if (point_ == DecisionPoint::none) return go_on();
    if (*q_.pin >= asked_tier())
      return as_asked(RouteCause::pinned, fmt::format("pinned, and {} is asked for anyway", q_.requested->tier));
    for (std::size_t i = q_.candidates.size(); i-- > 1;) {  // cheapest first
      const CandidateModel& candidate = q_.candidates[i];
      gates().note(candidate);
      if (tier_from(candidate.model->tier) < q_.pin || !candidate.legal) continue;
      return decided(candidate, RouteCause::pinned,
                     fmt::format("{} -> {}: pinned", q_.requested->tier, candidate.model->tier));
    }
    return decided(asked(), RouteCause::pinned, "pinned, but no model there can take this request");
  }

  RouteDecision sub_agent(bool is_same_model) {
    if (is_same_model && is_moved()) return go_on();
    if (point_ == DecisionPoint::human_turn_warm) return go_on();
    if (q_.agent_type == "Explore") {
      const CandidateModel* haiku = find(Tier::haiku);
      if (haiku != nullptr && haiku != &asked() && !gates().price(*haiku).crosses_step && gates().place(*haiku)) {
        return decided(*haiku, RouteCause::class_rule, gates().placement(*haiku, "an Explore agent"));
      }
      const CandidateModel* sonnet = find(Tier::sonnet);
      if (sonnet != nullptr && sonnet != &asked() && gates().place(*sonnet)) {
        return decided(*sonnet, RouteCause::class_rule,
                       gates().placement(*sonnet, "an Explore agent, too large for haiku"));
      }
    } else if (q_.candidates.size() > 1) {
      const CandidateModel& below = q_.candidates[1];
      if (gates().place(below)) return decided(below, RouteCause::class_rule, gates().placement(below, "a sub-agent"));
    }
    return decided(asked(), RouteCause::none, gates().stays_because());
  }

  RouteDecision judged(bool is_same_model) {
    const bool may_judge = q_.turn == TurnKind::prompt && q_.verdict.has_value() && q_.verdict->has_task;
    if (!may_judge) {
      if (is_same_model) return go_on();
      const bool is_prompt = q_.turn == TurnKind::prompt;
      return as_asked(RouteCause::none,
                      fmt::format("stays on {}: {}", q_.requested->tier,
                                  is_prompt ? "the prompt does not tell how hard it is" : "no new prompt to judge by"));
    }
    const bool was_moved = is_same_model && is_moved();
    if (was_moved) {
      const CandidateModel* serving = find(q_.lane->serving);
      if (serving == nullptr || !serving->legal) return go_on();
      if (!gates().allows(serving->model->tier, config_.raise_margin, false)) return raise();
    } else if (has_lower_effort() && q_.verdict->difficulty > config_.effort_below + config_.raise_margin) {
      RouteDecision decision = served_by(asked(), RouteCause::harder_prompt,
                                         fmt::format("effort {} again: a harder prompt", q_.requested_effort));
      decision.return_upwards = true;
      return decision;
    }
    for (std::size_t i = q_.candidates.size(); i-- > 1;) {  // cheapest first
      const CandidateModel& candidate = q_.candidates[i];
      if (was_moved && candidate.model->id == q_.lane->serving) return go_on();
      const bool must_be_sure = q_.request_class == RequestClass::main || q_.is_ours_to_place;
      if (!gates().allows(candidate.model->tier, 0, must_be_sure)) {
        const bool is_easy = gates().allows(candidate.model->tier, 0, false);
        gates().note(candidate, is_easy ? "hard to tell whether the prompt is easy enough for it"
                                        : "the prompt is too hard for it");
        continue;
      }
      if (!gates().place(candidate)) continue;
      RouteDecision decision = decided(candidate, RouteCause::judged, gates().placement(candidate, q_.verdict->reason));
      decision.judge_bucket = TurnStatistics::bucket_of(q_.verdict->confidence);
      return decision;
    }
    return with_effort(decided(asked(), RouteCause::judged, gates().stays_because()));
  }

  // Quality before cost, at this human turn.
  RouteDecision raise() {
    const CandidateModel* to = &asked();
    if (policy_ == RoutingPolicy::saver) {
      const auto serving = tier_from(find(q_.lane->serving)->model->tier);
      for (std::size_t i = q_.candidates.size(); i-- > 1;) {
        const CandidateModel& candidate = q_.candidates[i];
        const auto tier = tier_from(candidate.model->tier);
        if (!tier.has_value() || *tier <= *serving || !gates().allows(candidate.model->tier, 0, false) ||
            !gates().place(candidate))
          continue;
        to = &candidate;
        break;
      }
    }
    RouteDecision decision = decided(
        *to, RouteCause::harder_prompt,
        fmt::format("back up to {}: a harder prompt (difficulty {:.2f})", to->model->tier, q_.verdict->difficulty));
    decision.return_upwards = true;
    return decision;
  }

  // The second lever: the same model, one level of effort less, for a lane's whole life.
  RouteDecision with_effort(RouteDecision decision) const {
    if (has_lower_effort()) decision.effort = q_.lane->serving_effort;
    if (policy_ != RoutingPolicy::saver || !config_.effort_lever || point_ != DecisionPoint::lane_start)
      return decision;
    const PromptVerdict& verdict = *q_.verdict;
    if (verdict.difficulty >= config_.effort_below || verdict.confidence < config_.effort_confidence) return decision;
    decision.effort = lower_effort(*q_.requested, q_.requested_effort);
    if (!decision.effort.empty()) {
      decision.reason += fmt::format("; effort {} -> {}", q_.requested_effort, decision.effort);
    }
    return decision;
  }

  const RouteQuestion& q_;
  const RoutingConfig& config_;
  RoutingPolicy policy_;
  DecisionPoint point_ = DecisionPoint::none;
  std::optional<PlacementGates> gates_;  // made when first asked: most requests only go on
};

}  // namespace

std::optional<RouteDecision> decide_at_once(const RouteQuestion& question, const RoutingConfig& config) {
  return RouteRules(question, config).decide_at_once();
}

RouteDecision decide_route(const RouteQuestion& question, const RoutingConfig& config) {
  return RouteRules(question, config).decide();
}

}  // namespace distiq
