#include "promptcache/counterfactual.h"

#include <algorithm>

namespace distiq {

TokenUsage counterfactual_usage(const CacheForecast& untouched, const TokenUsage& actual, const ModelInfo& requested,
                                const ModelInfo& served) {
  TokenUsage usage = actual;
  usage.input = untouched.input;
  usage.cache_read = untouched.read;
  usage.cache_write_5m = untouched.write_5m;
  usage.cache_write_1h = untouched.write_1h;
  if (requested.token_factor_permille != served.token_factor_permille) {
    const double ratio = static_cast<double>(requested.token_factor_permille) /
                         static_cast<double>(std::max<std::int64_t>(1, served.token_factor_permille));
    usage.output = static_cast<std::uint64_t>(static_cast<double>(actual.output) * ratio + 0.5);
  }
  return usage;
}

}  // namespace distiq
