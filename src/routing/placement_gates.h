// What a lane's move down must pass: legality, the judge's bar, break-even, expected saving, the cap or the bank. Keeps
// what it looked at, for explain. Used by decide_route only. One decision each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/lane_pricing.h"
#include "routing/route.h"

namespace distiq {

class PlacementGates {
 public:
  // Keeps references. Requires: question.candidates is not empty.
  PlacementGates(const RouteQuestion& question, const RoutingConfig& config, RoutingPolicy policy, DecisionPoint point)
      : q_(question), config_(config), policy_(policy), point_(point), pricing_(question, config) {}

  [[nodiscard]] const LanePricing& pricing() const { return pricing_; }
  [[nodiscard]] const ModelPrice& price(const CandidateModel& candidate);
  // This request, with the expected output.
  [[nodiscard]] PicoUsd now(const CandidateModel& candidate) const;
  // Cheaper than untouched whatever the answer's length.
  [[nodiscard]] bool saves_now(const CandidateModel& candidate) const;

  // Is the prompt easy enough for that tier? Requires: a verdict. `must_be_sure`: the judge's confidence counts too.
  [[nodiscard]] bool allows(std::string_view tier, double margin, bool must_be_sure) const;
  // May the lane go down to this candidate here? Notes it, with what speaks against it.
  [[nodiscard]] bool place(const CandidateModel& candidate);

  void note(const CandidateModel& candidate, std::string why_not = {});
  [[nodiscard]] std::vector<Alternative> take_alternatives() { return std::move(alternatives_); }
  // One line each: why it went there; why it stays.
  [[nodiscard]] std::string placement(const CandidateModel& candidate, std::string_view why) const;
  [[nodiscard]] std::string stays_because() const;

 private:
  [[nodiscard]] const CandidateModel& asked() const { return q_.candidates[0]; }
  [[nodiscard]] std::string against(const CandidateModel& candidate);
  [[nodiscard]] std::string against_warm(const ModelPrice& price) const;
  [[nodiscard]] std::string against_risk(const CandidateModel& candidate) const;
  [[nodiscard]] PicoUsd life_with_returns(const CandidateModel& candidate);

  const RouteQuestion& q_;
  const RoutingConfig& config_;
  RoutingPolicy policy_;
  DecisionPoint point_;
  LanePricing pricing_;
  std::vector<std::optional<ModelPrice>> prices_;  // by candidate; kept: a price takes a loop over the lane's life
  std::vector<Alternative> alternatives_;
};

}  // namespace distiq
