// What a lane costs from this request on, on each model it may be served by, and what a move puts at risk. Arithmetic
// over a RouteQuestion; the formulas are in docs/routing.md. Pure; any thread.
#pragma once

#include <cstdint>

#include "routing/route.h"

namespace distiq {

// Costs of one candidate, from the prompt cache as it really is.
struct ModelPrice {
  PicoUsd first{};               // this request, with the expected output
  PicoUsd first_bare{};          // without any output
  PicoUsd life{};                // this one and the expected rest of the lane's cache life
  std::uint32_t break_even = 0;  // N*: requests after which it has cost no more than the requested model; 0: never
  bool crosses_step = false;     // the forecast prompt passes the model's price step within the expected life
};

class LanePricing {
 public:
  // Keeps references. Requires: question.candidates is not empty.
  LanePricing(const RouteQuestion& question, const RoutingConfig& config);

  [[nodiscard]] ModelPrice price(const CandidateModel& candidate) const;
  // This request alone: enough where a lane only goes on.
  [[nodiscard]] PicoUsd cost_now(const CandidateModel& candidate, std::uint64_t output) const;
  // This request relayed untouched, had nothing ever been moved.
  [[nodiscard]] PicoUsd untouched_now(std::uint64_t output) const;
  [[nodiscard]] PicoUsd untouched_life() const { return untouched_life_; }
  [[nodiscard]] const LifeForecast& forecast() const { return forecast_; }
  // ModelPrice::life where the lane may come back up at any request, `return_rate` times per request served below: the
  // prompt is then written for the requested model, and with it what the smaller model's extra steps have left there.
  [[nodiscard]] PicoUsd life_with_returns(const CandidateModel& candidate, double return_rate) const;

  // How much dearer a return after this request would be than the same request untouched: everything that the requested
  // model's cache would then hold must be written again. Zero for the requested model.
  [[nodiscard]] PicoUsd return_penalty(const CandidateModel& candidate) const;
  // The most by which further requests there can raise that, each with at most the configured growth and no output.
  [[nodiscard]] PicoUsd worst_drift(const CandidateModel& candidate) const;
  // How far the lane would be above never moving if the session ended here, with no output.
  [[nodiscard]] PicoUsd excess_if_it_ends(const CandidateModel& candidate) const;
  // The same with a return to the requested model at the worst later request (`with_drift`), or at the next one.
  [[nodiscard]] PicoUsd exposure(const CandidateModel& candidate, bool with_drift) const;

  // What excess `balanced` allows: without the bank, and with it.
  [[nodiscard]] PicoUsd cap() const;
  [[nodiscard]] PicoUsd cap_with_bank() const;
  // What exposure `saver` allows.
  [[nodiscard]] PicoUsd debt_allowance() const;

 private:
  [[nodiscard]] PicoUsd life_cost(const ModelInfo& model, const CacheForecast& first, double turns) const;
  [[nodiscard]] PicoUsd later_cost(const ModelInfo& model, std::uint64_t read, std::uint64_t growth,
                                   std::uint64_t output) const;
  [[nodiscard]] std::uint64_t growth_on(const ModelInfo& model) const;
  [[nodiscard]] std::uint32_t find_break_even(const CandidateModel& candidate) const;
  [[nodiscard]] const CacheForecast& untouched() const;
  [[nodiscard]] PicoUsd bank_besides_lane() const;
  [[nodiscard]] PicoUsd excess_of_others() const;
  [[nodiscard]] PicoUsd share_of_session() const;

  const RouteQuestion& question_;
  const RoutingConfig& config_;
  LifeForecast forecast_;
  WorldMoney lane_;
  bool is_cached_;  // the client marks its prompt
  PicoUsd untouched_life_{};
};

}  // namespace distiq
