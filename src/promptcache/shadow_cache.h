// What a prompt cache like Anthropic's holds: entries that end at breakpoints and are found by looking back from the
// breakpoints of later prompts. Lives count from the start of the request that wrote or read them; whether an entry can
// be read yet is up to the caller, who writes it when the answer has begun. Bounded; not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "promptcache/cache_forecast.h"
#include "promptcache/lru_map.h"
#include "promptcache/model_prompt.h"
#include "promptcache/prompt_tokens.h"

namespace distiq {

inline constexpr std::size_t lookback_places = 20;

[[nodiscard]] constexpr std::chrono::minutes life_of(CacheTtl ttl) {
  return std::chrono::minutes(ttl == CacheTtl::one_hour ? 60 : 5);
}

class ShadowCache {
 public:
  struct Entry {
    MonotonicTime expires;
    CacheTtl ttl = CacheTtl::five_minutes;
  };

  explicit ShadowCache(std::size_t capacity) : entries_(capacity) {}

  // The deepest live entry within 20 places of a breakpoint, its own place included.
  [[nodiscard]] CacheHit find_hit(const ModelPrompt& prompt, MonotonicTime at) const;
  // A read renews every entry that the read prefix holds.
  void renew(const ModelPrompt& prompt, CacheHit hit, MonotonicTime started);
  // Breakpoints behind the hit are written, from the model's minimum size on.
  void write(const ModelPrompt& prompt, const PromptTokens& tokens, CacheHit hit, std::uint64_t minimum,
             MonotonicTime started);
  void put(std::uint64_t key, CacheTtl ttl, MonotonicTime started);
  void erase(std::uint64_t key) { entries_.erase(key); }

  [[nodiscard]] const Entry* find(std::uint64_t key) const { return entries_.find(key); }
  [[nodiscard]] const LruMap<Entry>& entries() const { return entries_; }

 private:
  LruMap<Entry> entries_;
};

// The split that the API reports for a prompt with that hit. With both lives in one prompt, what follows the hit is
// written for an hour up to the last one-hour breakpoint, then for five minutes up to the last breakpoint.
[[nodiscard]] CacheForecast split_prompt(const ModelPrompt& prompt, const PromptTokens& tokens, CacheHit hit,
                                         std::uint64_t minimum);

}  // namespace distiq
