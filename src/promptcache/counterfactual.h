// What a request would have been billed as, had it been relayed untouched. Pure.
#pragma once

#include "money/usage.h"
#include "promptcache/cache_forecast.h"

namespace distiq {

// The prompt as the untouched world's cache splits it, in the requested model's tokens. The output is what was really
// answered, in the requested model's tokenizer: how long its own answer would have been nobody can know, so nothing is
// claimed for it. Uses of server tools are taken over.
[[nodiscard]] TokenUsage counterfactual_usage(const CacheForecast& untouched, const TokenUsage& actual,
                                              const ModelInfo& requested, const ModelInfo& served);

// The prompt just as it was billed, in the requested model's tokens: for what cannot be told from the prompt alone.
[[nodiscard]] CacheForecast same_split(const TokenUsage& actual, const ModelInfo& requested, const ModelInfo& served);

}  // namespace distiq
