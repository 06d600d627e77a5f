#include "promptcache/cache_worlds.h"

namespace distiq {

struct CacheWorlds::State {};

CacheWorlds::CacheWorlds(CacheWorldsLimits) {}
CacheWorlds::~CacheWorlds() = default;
CacheWorlds::CacheWorlds(CacheWorlds&&) noexcept = default;
CacheWorlds& CacheWorlds::operator=(CacheWorlds&&) noexcept = default;
CacheForecast CacheWorlds::forecast(const CacheKey&, const PromptMap&, MonotonicTime) const {
  return {};
}
CacheForecast CacheWorlds::forecast_untouched(const CacheKey&, const PromptMap&, MonotonicTime) const {
  return {};
}
CacheTicket CacheWorlds::sent(const SentPrompt&, MonotonicTime) {
  return {};
}
void CacheWorlds::answer_began(CacheTicket) {}
Counterfactual CacheWorlds::settle(CacheTicket, const TokenUsage& actual) {
  return {.usage = actual, .forecast = {}};
}
void CacheWorlds::drop(CacheTicket) {}
std::vector<std::string> CacheWorlds::rows(MonotonicTime, WallTime) const {
  return {};
}
bool CacheWorlds::restore(std::string_view, MonotonicTime, WallTime) {
  return false;
}

}  // namespace distiq
