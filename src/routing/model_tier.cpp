#include "routing/model_tier.h"

namespace distiq {

std::optional<Tier> tier_of(const ModelInfo& model) {
  if (model.tier == "haiku") return Tier::haiku;
  if (model.tier == "sonnet") return Tier::sonnet;
  if (model.tier == "opus") return Tier::opus;
  if (model.tier == "fable") return Tier::fable;
  return {};
}

}  // namespace distiq
