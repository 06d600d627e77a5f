#include "routing/lane_pricing.h"

#include <algorithm>
#include <cmath>

#include "money/cost.h"

namespace distiq {
namespace {

PicoUsd permille(PicoUsd amount, std::int64_t of) {
  return {amount.value / 1000 * of};
}

std::uint64_t cached_after(const CacheForecast& forecast) {
  return forecast.read + forecast.write_5m + forecast.write_1h;
}

PicoUsd price_first(const ModelInfo& model, const CacheForecast& forecast, std::uint64_t output) {
  return price_of(model, {.input = forecast.input,
                          .cache_read = forecast.read,
                          .cache_write_5m = forecast.write_5m,
                          .cache_write_1h = forecast.write_1h,
                          .output = output});
}

}  // namespace

LanePricing::LanePricing(const RouteQuestion& question, const RoutingConfig& config)
    : question_(question), config_(config), is_cached_(cached_after(question.candidates[0].forecast) > 0) {
  static const TurnStatistics prior;
  const TurnStatistics& turns = question.turns == nullptr ? prior : *question.turns;
  const bool is_new_life = question.lane == nullptr || question.lane->is_cold(question.now);
  forecast_ = turns.forecast(question.request_class, question.lane, is_new_life);
  if (question.lane != nullptr) lane_ = question.lane->money;
  untouched_life_ = life_cost(*question.candidates[0].model, untouched(), 1);
}

const CacheForecast& LanePricing::untouched() const {
  return question_.untouched.prompt_tokens == 0 ? question_.candidates[0].forecast : question_.untouched;
}

std::uint64_t LanePricing::growth_on(const ModelInfo& model) const {
  const auto own = static_cast<std::uint64_t>(std::max<std::int64_t>(model.token_factor_permille, 1));
  const auto asked =
      static_cast<std::uint64_t>(std::max<std::int64_t>(question_.candidates[0].model->token_factor_permille, 1));
  return forecast_.growth * own / asked;
}

PicoUsd LanePricing::later_cost(const ModelInfo& model, std::uint64_t read, std::uint64_t growth,
                                std::uint64_t output) const {
  TokenUsage usage{.output = output};
  if (!is_cached_) {
    usage.input = read + growth;
  } else {
    usage.cache_read = read;
    (question_.ttl == CacheTtl::one_hour ? usage.cache_write_1h : usage.cache_write_5m) = growth;
  }
  return price_of(model, usage);
}

PicoUsd LanePricing::life_cost(const ModelInfo& model, const CacheForecast& first, double turns) const {
  const std::uint64_t growth = growth_on(model);
  // Extra steps read, answer and stay in the prompt.
  const auto step_growth = static_cast<std::uint64_t>(static_cast<double>(growth) * turns);
  std::uint64_t prompt = first.prompt_tokens;
  double rest = 0;
  for (const double survives : forecast_.survival) {
    if (survives < 0.001) break;  // a thousandth of a request says nothing
    rest += survives * static_cast<double>(later_cost(model, prompt, growth, forecast_.output).value);
    prompt += step_growth;
  }
  return price_first(model, first, forecast_.output) + PicoUsd{std::llround(rest * turns)};
}

std::uint32_t LanePricing::find_break_even(const CandidateModel& candidate) const {
  const CandidateModel& asked = question_.candidates[0];
  const std::uint64_t growth = growth_on(*candidate.model);
  std::uint64_t prompt = candidate.forecast.prompt_tokens;
  std::uint64_t asked_prompt = asked.forecast.prompt_tokens;
  PicoUsd lead = price_first(*candidate.model, candidate.forecast, forecast_.output) -
                 price_first(*asked.model, asked.forecast, forecast_.output);
  for (std::uint32_t n = 1; n <= forecast_.survival.size(); ++n) {
    if (lead <= PicoUsd{}) return n;
    lead += later_cost(*candidate.model, prompt, growth, forecast_.output) -
            later_cost(*asked.model, asked_prompt, forecast_.growth, forecast_.output);
    prompt += growth;
    asked_prompt += forecast_.growth;
  }
  return 0;
}

ModelPrice LanePricing::price(const CandidateModel& candidate) const {
  const bool is_asked = candidate.model == question_.candidates[0].model;
  ModelPrice price;
  price.first = price_first(*candidate.model, candidate.forecast, forecast_.output);
  price.first_bare = price_first(*candidate.model, candidate.forecast, 0);
  price.life = life_cost(*candidate.model, candidate.forecast, is_asked ? 1 : config_.extra_turns);
  price.break_even = is_asked ? 1 : find_break_even(candidate);
  if (!candidate.model->steps.empty()) {
    const double at_end = static_cast<double>(candidate.forecast.prompt_tokens) +
                          forecast_.requests_left * static_cast<double>(growth_on(*candidate.model));
    const auto step = static_cast<double>(candidate.model->steps.front().above_prompt_tokens);
    price.crosses_step = at_end > step * config_.step_margin;
  }
  return price;
}

PicoUsd LanePricing::life_with_returns(const CandidateModel& candidate, double return_rate) const {
  const ModelInfo& asked = *question_.candidates[0].model;
  const double kappa = config_.extra_turns;
  const double returns_per_step = 1 - std::exp(-return_rate * kappa);
  const std::uint64_t growth = growth_on(*candidate.model);
  const auto scaled = [](double by, std::uint64_t tokens) {
    return static_cast<std::uint64_t>(by * static_cast<double>(tokens));
  };
  const auto cost = [](const ModelInfo& model, const TokenUsage& usage) {
    return static_cast<double>(price_of(model, usage).value);
  };
  const std::uint64_t step_growth = scaled(kappa, growth);
  const std::uint64_t step_surplus = scaled(kappa - 1, forecast_.growth);
  std::uint64_t prompt = candidate.forecast.prompt_tokens;
  std::uint64_t asked_prompt = untouched().prompt_tokens;
  std::uint64_t surplus = 0;
  double below = 1;
  double left_behind = 0;  // surplus of lanes that have returned, weighed
  double rest = 0;
  for (const double survives : forecast_.survival) {
    if (survives < 0.001) break;
    const double returns = below * returns_per_step;
    below -= returns;
    left_behind += returns * static_cast<double>(surplus);
    const double here =
        kappa * static_cast<double>(later_cost(*candidate.model, prompt, growth, forecast_.output).value);
    const double above = static_cast<double>(later_cost(asked, asked_prompt, forecast_.growth, forecast_.output).value);
    double step = below * here + (1 - below) * above;
    if (is_cached_) {
      TokenUsage write;
      (question_.ttl == CacheTtl::one_hour ? write.cache_write_1h : write.cache_write_5m) = asked_prompt + surplus;
      step += returns * (cost(asked, write) - cost(asked, {.cache_read = asked_prompt}));
      step += cost(asked, {.cache_read = static_cast<std::uint64_t>(left_behind)});
    }
    rest += survives * step;
    prompt += step_growth;
    asked_prompt += forecast_.growth;
    surplus += step_surplus;
  }
  return price_first(*candidate.model, candidate.forecast, forecast_.output) + PicoUsd{std::llround(rest)};
}

PicoUsd LanePricing::cost_now(const CandidateModel& candidate, std::uint64_t output) const {
  return price_first(*candidate.model, candidate.forecast, output);
}

PicoUsd LanePricing::untouched_now(std::uint64_t output) const {
  return price_first(*question_.candidates[0].model, untouched(), output);
}

PicoUsd LanePricing::return_penalty(const CandidateModel& candidate) const {
  const ModelInfo& asked = *question_.candidates[0].model;
  const std::uint64_t tokens = cached_after(untouched());
  if (candidate.model == &asked || tokens == 0) return {};
  // Also what is cached there now counts: it may have died of age when the lane returns, and untouched it would not.
  TokenUsage write;
  (question_.ttl == CacheTtl::one_hour ? write.cache_write_1h : write.cache_write_5m) = tokens;
  return price_of(asked, write) - price_of(asked, {.cache_read = tokens});
}

PicoUsd LanePricing::worst_drift(const CandidateModel& candidate) const {
  const ModelInfo& asked = *question_.candidates[0].model;
  if (!is_cached_) return {};
  const std::uint64_t growth = config_.growth_bound_tokens;
  std::uint64_t prompt = candidate.forecast.prompt_tokens;
  std::uint64_t asked_prompt = untouched().prompt_tokens;
  PicoUsd sum;
  PicoUsd worst;
  constexpr int kHorizon = 64;
  for (int k = 0; k < kHorizon; ++k) {
    // Untouched each token is written once and read ever after; here it is written below, and once more at the return:
    // what a request adds to the exposure is its cost below less a whole read of its prompt above.
    const PicoUsd below = later_cost(*candidate.model, prompt, growth, 0);
    prompt += growth;
    asked_prompt += growth;
    sum += below - price_of(asked, {.cache_read = asked_prompt});
    worst = std::max(worst, sum);
  }
  return worst;
}

PicoUsd LanePricing::excess_if_it_ends(const CandidateModel& candidate) const {
  return lane_.actual - lane_.untouched + cost_now(candidate, 0) - untouched_now(0);
}

PicoUsd LanePricing::exposure(const CandidateModel& candidate, bool with_drift) const {
  PicoUsd excess = excess_if_it_ends(candidate) + return_penalty(candidate);
  if (with_drift) excess += worst_drift(candidate);
  return excess;
}

PicoUsd LanePricing::excess_of_others() const {
  const WorldMoney& session = question_.session;
  return (session.actual - lane_.actual) - (session.untouched - lane_.untouched);
}

PicoUsd LanePricing::share_of_session() const {
  return permille(question_.session.untouched + untouched_now(0), config_.cap_permille);
}

PicoUsd LanePricing::cap() const {
  return share_of_session() - std::max(excess_of_others(), PicoUsd{});
}

PicoUsd LanePricing::bank_besides_lane() const {
  return question_.bank.available() - lane_.saved();
}

PicoUsd LanePricing::cap_with_bank() const {
  // The bank knows of the session's other lanes already: what they saved, lost and may lose. Where it is empty or in
  // debt, what they may lose together still counts.
  const PicoUsd others = excess_of_others() + question_.bank.at_risk;
  return share_of_session() + std::max(bank_besides_lane(), -std::max(others, PicoUsd{}));
}

PicoUsd LanePricing::debt_allowance() const {
  const PicoUsd bill = std::max(question_.bank.day_bill + untouched_life_, question_.bank.usual_day_bill);
  return bank_besides_lane() + permille(bill, config_.saver_debt_permille);
}

}  // namespace distiq
