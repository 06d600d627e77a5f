#include "routing/candidate_models.h"

#include <algorithm>

#include "base/tier.h"

namespace distiq {

std::vector<const ModelInfo*> candidate_models(const PriceTable& table, const ModelInfo& requested) {
  std::vector<const ModelInfo*> candidates{&requested};
  const auto own = tier_from(requested.tier);
  if (!own.has_value()) return candidates;
  for (int tier = static_cast<int>(*own) - 1; tier >= 0; --tier) {
    const auto is_todays = [&](const ModelInfo& model) {
      return !model.retired && tier_from(model.tier) == static_cast<Tier>(tier) &&
             std::ranges::find(model.aliases, model.tier) != model.aliases.end();
    };
    const auto found = std::ranges::find_if(table.models(), is_todays);
    if (found != table.models().end()) candidates.push_back(&*found);
  }
  return candidates;
}

}  // namespace distiq
