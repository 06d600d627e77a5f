// A prompt as one model's cache sees it: without the thinking that the model does not read, keyed by everything that
// the cache keys on. map() from any thread; on() one at a time: RouteSteering calls it under its mutex.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
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
  std::uint64_t model = 0;  // model_tag() of who reads it
  boost::container::small_vector<Place, 4> places;
  Breakpoints breakpoints;       // Breakpoint::position is an index into places here
  bool rests_on_makers = false;  // on what LearnedTokens knew of who made its thinking
};

// Index into ModelPrompt::places.
using CacheHit = std::optional<std::uint32_t>;

// Thinking whose maker is not known counts as read: the API says nothing about it, and our own makers are remembered.
[[nodiscard]] ModelPrompt prompt_for_model(const CacheKey& key, const PromptMap& map, const LearnedTokens& learned);

// One request's prompt and how it reads to the models that were asked about: worked out once, however often it is asked
// before the request is settled.
class ModelPrompts {
 public:
  // The map of the view; of its betas it is not told yet.
  ModelPrompts(const RequestView& view, const PromptParts& parts) : map_(map_prompt(view, parts, /*betas=*/0)) {}
  explicit ModelPrompts(PromptMap map) : map_(std::move(map)) {}
  ModelPrompts(const ModelPrompts&) = delete;  // others point into it
  ModelPrompts& operator=(const ModelPrompts&) = delete;

  [[nodiscard]] const PromptMap& map() const { return map_; }
  // What map_prompt() was not told yet. Before on() is asked.
  void set_betas(std::uint64_t betas) { map_.context.everything = betas; }
  // prompt_for_model(). Lives as long as this object.
  [[nodiscard]] const ModelPrompt& on(const CacheKey& key, const LearnedTokens& learned);

 private:
  struct Reading {
    std::uint64_t account = 0;  // hash
    const ModelInfo* model = nullptr;
    std::uint64_t learned = 0;  // LearnedTokens::changes() then
    ModelPrompt prompt;
  };

  PromptMap map_;
  std::optional<const Reading> first_;
  std::vector<std::unique_ptr<const Reading>> others_;  // a few: the models that may serve one request
};

}  // namespace distiq
