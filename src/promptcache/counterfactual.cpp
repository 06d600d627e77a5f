#include "promptcache/counterfactual.h"

#include <algorithm>

namespace distiq {
namespace {

std::uint64_t in_tokens_of(const ModelInfo& to, const ModelInfo& from, std::uint64_t tokens) {
  if (to.token_factor_permille == from.token_factor_permille) return tokens;
  const double ratio = static_cast<double>(to.token_factor_permille) /
                       static_cast<double>(std::max<std::int64_t>(1, from.token_factor_permille));
  return static_cast<std::uint64_t>(static_cast<double>(tokens) * ratio + 0.5);
}

}  // namespace

TokenUsage counterfactual_usage(const CacheForecast& untouched, const TokenUsage& actual, const ModelInfo& requested,
                                const ModelInfo& served) {
  TokenUsage usage = actual;
  usage.input = untouched.input;
  usage.cache_read = untouched.read;
  usage.cache_write_5m = untouched.write_5m;
  usage.cache_write_1h = untouched.write_1h;
  usage.output = in_tokens_of(requested, served, actual.output);
  return usage;
}

CacheForecast same_split(const TokenUsage& actual, const ModelInfo& requested, const ModelInfo& served) {
  CacheForecast split;
  split.read = in_tokens_of(requested, served, actual.cache_read);
  split.write_5m = in_tokens_of(requested, served, actual.cache_write_5m);
  split.write_1h = in_tokens_of(requested, served, actual.cache_write_1h);
  split.input = in_tokens_of(requested, served, actual.input);
  split.prompt_tokens = split.read + split.write_5m + split.write_1h + split.input;
  return split;
}

}  // namespace distiq
