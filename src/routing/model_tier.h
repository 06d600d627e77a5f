// Which tier a model of the table is. Any thread.
#pragma once

#include <optional>

#include "base/tier.h"
#include "money/model_info.h"

namespace distiq {

// Absent: a tier that routing does not know.
[[nodiscard]] std::optional<Tier> tier_of(const ModelInfo& model);

}  // namespace distiq
