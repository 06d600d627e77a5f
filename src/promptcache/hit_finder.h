// Which place of a prompt was really read from the cache, by the token count that the API reports. Pure.
#pragma once

#include <cstdint>

#include "promptcache/model_prompt.h"
#include "promptcache/prompt_tokens.h"
#include "promptcache/shadow_cache.h"

namespace distiq {

struct FoundHit {
  CacheHit hit;
  bool is_certain = false;  // the count belongs to just this place, as far as anything speaks for or against it
};

// `expected` is where the shadow cache saw a hit. Nothing found for a count that fits no place: then nobody knows.
[[nodiscard]] FoundHit find_true_hit(const ModelPrompt& prompt, const PromptTokens& tokens, CacheHit expected,
                                     std::uint64_t cache_read);

}  // namespace distiq
