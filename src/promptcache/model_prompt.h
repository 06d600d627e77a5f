// A prompt as one model's cache sees it: without the thinking that the model does not read, keyed by everything that
// the cache keys on. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "promptcache/cache_forecast.h"
#include "promptcache/learned_tokens.h"
#include "promptcache/prompt_map.h"

namespace distiq {

struct ModelPrompt {
  struct Place {
    std::uint64_t key = 0;       // of the cache entry that ends here
    std::uint64_t content = 0;   // of what the model reads up to here
    std::uint32_t position = 0;  // into PromptMap::positions
    std::uint32_t dropped = 0;   // positions before it that the model does not read
  };
  std::vector<Place> places;
  std::vector<Breakpoint> breakpoints;  // Breakpoint::position is an index into places here
};

// Thinking whose maker is not known counts as read: the API says nothing about it, and our own makers are remembered.
[[nodiscard]] ModelPrompt prompt_for_model(const CacheKey& key, const PromptMap& map, const LearnedTokens& learned);

}  // namespace distiq
