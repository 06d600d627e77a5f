// Which models a request may be served by at all. Any thread.
#pragma once

#include <vector>

#include "money/price_table.h"

namespace distiq {

// The requested model first, then today's model of each lower tier, dearest tier first. Fable is never a target, and
// neither is another generation of the same tier.
[[nodiscard]] std::vector<const ModelInfo*> candidate_models(const PriceTable& table, const ModelInfo& requested);

}  // namespace distiq
