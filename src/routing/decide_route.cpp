#include "routing/decide_route.h"

#include <algorithm>

#include "routing/model_tier.h"

namespace distiq {

std::vector<const ModelInfo*> candidate_models(const PriceTable& table, const ModelInfo& requested) {
  std::vector<const ModelInfo*> candidates{&requested};
  const auto own = tier_of(requested);
  if (!own.has_value()) return candidates;
  for (int tier = static_cast<int>(*own) - 1; tier >= 0; --tier) {
    const auto is_todays = [&](const ModelInfo& model) {
      return !model.retired && tier_of(model) == static_cast<Tier>(tier) &&
             std::ranges::find(model.aliases, model.tier) != model.aliases.end();
    };
    const auto found = std::ranges::find_if(table.models(), is_todays);
    if (found != table.models().end() && static_cast<Tier>(tier) != Tier::fable) candidates.push_back(&*found);
  }
  return candidates;
}

RouteDecision decide_route(const RouteQuestion& question, const RoutingConfig& config) {
  (void)config;
  return {.serve = question.requested, .reason = "as asked"};
}

}  // namespace distiq
