#include "promptcache/shadow_cache.h"

#include <algorithm>

namespace distiq {

CacheHit ShadowCache::find_hit(const ModelPrompt& prompt, MonotonicTime at) const {
  CacheHit best;
  for (const Breakpoint& mark : prompt.breakpoints) {
    const std::uint32_t end = mark.position + 1;
    const std::uint32_t oldest = end > lookback_places ? end - lookback_places : 0;
    for (std::uint32_t place = end; place-- > oldest;) {
      if (best && place <= *best) break;
      const Entry* entry = entries_.find(prompt.places[place].key);
      if (entry != nullptr && at < entry->expires) {
        best = place;
        break;
      }
    }
  }
  return best;
}

void ShadowCache::renew(const ModelPrompt& prompt, CacheHit hit, MonotonicTime started) {
  for (std::uint32_t place = 0; hit && place <= *hit; ++place) {
    const std::uint64_t key = prompt.places[place].key;
    if (entries_.find(key) == nullptr) continue;
    Entry& entry = entries_.touch(key).value;
    entry.expires = std::max(entry.expires, started + life_of(entry.ttl));
  }
}

void ShadowCache::write(const ModelPrompt& prompt, const PromptTokens& tokens, CacheHit hit, std::uint64_t minimum,
                        MonotonicTime started) {
  for (const Breakpoint& mark : prompt.breakpoints) {
    if ((hit && mark.position <= *hit) || tokens.up_to(mark.position).tokens < minimum) continue;
    put(prompt.places[mark.position].key, mark.ttl, started);
  }
}

void ShadowCache::put(std::uint64_t key, CacheTtl ttl, MonotonicTime started) {
  entries_.touch(key).value = {started + life_of(ttl), ttl};
}

CacheForecast split_prompt(const ModelPrompt& prompt, const PromptTokens& tokens, CacheHit hit, std::uint64_t minimum) {
  const TokenCount total = tokens.total();
  const TokenCount read = hit ? tokens.up_to(*hit) : TokenCount{0, true};
  CacheForecast forecast;
  forecast.tokens_known = total.known && read.known;
  std::uint64_t last = std::min(read.tokens, total.tokens);
  std::uint64_t last_one_hour = last;
  for (const Breakpoint& mark : prompt.breakpoints) {
    if (hit && mark.position <= *hit) continue;
    const TokenCount here = tokens.up_to(mark.position);
    forecast.tokens_known = forecast.tokens_known && here.known;
    if (here.tokens < minimum) continue;
    last = std::clamp(here.tokens, last, total.tokens);
    if (mark.ttl == CacheTtl::one_hour) last_one_hour = last;
  }
  forecast.prompt_tokens = total.tokens;
  forecast.read = std::min(read.tokens, total.tokens);
  forecast.write_1h = last_one_hour - forecast.read;
  forecast.write_5m = last - last_one_hour;
  forecast.input = total.tokens - last;
  return forecast;
}

}  // namespace distiq
