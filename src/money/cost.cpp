#include "money/cost.h"

#include <algorithm>
#include <limits>

namespace distiq {
namespace {

constexpr std::int64_t kMaxPico = std::numeric_limits<std::int64_t>::max();

PicoUsd times(PicoUsd price, std::uint64_t count) {
  std::int64_t product = 0;
  return {__builtin_mul_overflow(price.value, count, &product) ? kMaxPico : product};
}

// Half a thousandth rounds up. Every list price and every factor in use is exact here.
PicoUsd times_permille(PicoUsd amount, std::int64_t permille) {
  if (permille == 1000) return amount;
  const std::int64_t whole = amount.value / 1000;
  const std::int64_t rest = amount.value % 1000;
  return times({whole}, static_cast<std::uint64_t>(permille)) + PicoUsd{(rest * permille + 500) / 1000};
}

TokenUsage add(const TokenUsage& a, const TokenUsage& b) {
  return {.input = a.input + b.input,
          .cache_read = a.cache_read + b.cache_read,
          .cache_write_5m = a.cache_write_5m + b.cache_write_5m,
          .cache_write_1h = a.cache_write_1h + b.cache_write_1h,
          .output = a.output + b.output,
          .web_searches = a.web_searches + b.web_searches,
          .web_fetches = a.web_fetches + b.web_fetches,
          .code_executions = a.code_executions + b.code_executions};
}

PicoUsd token_cost(const TokenPrices& prices, const TokenUsage& tokens) {
  return times(prices.input, tokens.input) + times(prices.output, tokens.output) +
         times(prices.cache_read, tokens.cache_read) + times(prices.cache_write_5m, tokens.cache_write_5m) +
         times(prices.cache_write_1h, tokens.cache_write_1h);
}

const TokenPrices& standard_prices(const ModelInfo& model, std::uint64_t prompt_tokens) {
  const TokenPrices* prices = &model.prices;
  for (const PriceStep& step : model.steps) {
    if (prompt_tokens > step.above_prompt_tokens) prices = &step.prices;
  }
  return *prices;
}

// Fills in one Charge pass by pass.
class Bill {
 public:
  Bill(const PriceTable& table, const UsageReport& report, std::string_view requested_model)
      : table_(table), report_(report), requested_model_(requested_model) {}

  Charge add_up() {
    if (!report_.seen) return charge_;
    if (report_.iterations.empty()) {
      if (is_free_refusal()) return charge_;
      add_pass(report_.model, report_.total);
    } else {
      add_iterations();
    }
    add_server_tools();
    return charge_;
  }

 private:
  [[nodiscard]] bool is_free_refusal() const {
    const auto& billed = table_.modifiers().refusals_billed_without_output;
    return report_.stop_reason == "refusal" && report_.total.output == 0 &&
           std::ranges::find(billed, report_.refusal_category) == billed.end();
  }

  void add_iterations() {
    const bool fell_back = std::ranges::any_of(
        report_.iterations, [](const UsageIteration& pass) { return pass.type == "fallback_message"; });
    for (const UsageIteration& pass : report_.iterations) {
      const bool is_last = &pass == &report_.iterations.back();
      if (pass.tokens.output == 0 && is_last && is_free_refusal()) continue;
      if (pass.tokens.output == 0 && !is_last && fell_back) {
        // A model declined before any output and another one took over. Whether that is billed depends on a category
        // which the list does not name; most are not.
        charge_.estimated = true;
        continue;
      }
      if (pass.model.empty() && fell_back) charge_.estimated = true;  // by which of the models, nobody says
      add_pass(pass.model.empty() ? std::string_view(report_.model) : pass.model, pass.tokens);
    }
  }

  void add_pass(std::string_view model_id, const TokenUsage& tokens) {
    const ModelInfo& model = model_for(model_id);
    PicoUsd cost = token_cost(prices_for(model, tokens.prompt()), tokens);
    cost = times_permille(cost, geography_permille(model));
    cost = times_permille(cost, factor(table_.modifiers().service_tier_permille, report_.service_tier));
    charge_.cost += cost;
    charge_.billed = add(charge_.billed, tokens);
  }

  void add_server_tools() {
    const PriceModifiers& fees = table_.modifiers();
    // Counted for the whole answer only; a pass that lists its own would be a subset of it.
    charge_.billed.web_searches = report_.total.web_searches;
    charge_.billed.web_fetches = report_.total.web_fetches;
    charge_.billed.code_executions = report_.total.code_executions;
    charge_.cost += times(fees.web_search, report_.total.web_searches);
    charge_.cost += times(fees.web_fetch, report_.total.web_fetches);
    charge_.cost += times(fees.code_execution, report_.total.code_executions);
  }

  const ModelInfo& model_for(std::string_view answered) {
    const ModelMatch by_answer = table_.match(answered);
    if (by_answer.kind == ModelMatch::Kind::listed) return *by_answer.model;
    const ModelMatch by_request = table_.match(requested_model_);
    charge_.estimated = charge_.estimated || !answered.empty() || by_request.kind != ModelMatch::Kind::listed;
    // "claude-opus-9" costs rather what Opus does than what was asked for; a name of no family says nothing.
    return by_answer.kind == ModelMatch::Kind::family ? *by_answer.model : *by_request.model;
  }

  const TokenPrices& prices_for(const ModelInfo& model, std::uint64_t prompt_tokens) {
    if (report_.speed == "fast" && model.fast.has_value()) return *model.fast;
    if (!report_.speed.empty() && report_.speed != "standard") charge_.estimated = true;
    return standard_prices(model, prompt_tokens);
  }

  std::int64_t geography_permille(const ModelInfo& model) {
    const std::int64_t permille = factor(table_.modifiers().inference_geo_permille, report_.inference_geo);
    if (permille == 1000 || model.priced_by_geography) return permille;
    charge_.estimated = true;
    return 1000;
  }

  // Absent means standard; a name that is not in the table does too, but is a guess.
  std::int64_t factor(const std::map<std::string, std::int64_t, std::less<>>& factors, std::string_view name) {
    if (name.empty()) return 1000;
    const auto it = factors.find(name);
    if (it != factors.end()) return it->second;
    charge_.estimated = true;
    return 1000;
  }

  const PriceTable& table_;
  const UsageReport& report_;
  std::string_view requested_model_;
  Charge charge_;
};

}  // namespace

Charge charge(const PriceTable& table, const UsageReport& report, std::string_view requested_model) {
  return Bill(table, report, requested_model).add_up();
}

PicoUsd price_of(const ModelInfo& model, const TokenUsage& tokens) {
  return token_cost(standard_prices(model, tokens.prompt()), tokens);
}

}  // namespace distiq
