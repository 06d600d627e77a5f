// Two prompt caches side by side: the one that our requests really leave upstream, and the one that would be there had
// every request been relayed untouched to the model it asked for. What a request would have cost follows from the
// second. Optional stage: it forecasts and books, it decides nothing, and nothing in it can fail a request.
// Bounded (CacheWorldsLimits); no clock of its own. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "money/price_table.h"
#include "money/usage.h"
#include "promptcache/cache_forecast.h"
#include "promptcache/model_prompt.h"

namespace distiq {

struct CacheWorldsLimits {
  std::size_t entries = 8192;       // per world; about 50 bytes each
  std::size_t known_points = 8192;  // prefixes with known tokens; about 150 bytes each
};

// A request as it came and as it leaves.
struct SentPrompt {
  std::string_view account;
  const ModelInfo* requested = nullptr;  // what the untouched world runs it on
  const ModelInfo* served = nullptr;
  ModelPrompts* untouched = nullptr;  // of the body as it came
  ModelPrompts* sent = nullptr;       // as it leaves; null or the same object if the prompt part was not edited
};

// What the request would have been billed as, untouched.
struct Counterfactual {
  TokenUsage usage;           // in the requested model's tokens; output as answered, tokenizer ratio applied
  bool worlds_agreed = true;  // same model, same hit in both worlds: `usage` is the actual usage, to the token
  bool tokens_known = true;   // else some of the counts are estimated
};

// A request in one of the worlds.
struct CacheSide {
  const PromptMap* map = nullptr;
  const ModelInfo* model = nullptr;
  const ModelPrompt* prompt = nullptr;  // of the ModelPrompts
  CacheHit hit;
};

// A request between sent() and settle(), for CacheWorlds alone to read. Its owner keeps it, and the prompts that it was
// sent with as long. One that is given up (no answer, an error, or an answer without usage) is just forgotten: what the
// request had refreshed stays refreshed.
struct CacheTicket {
  CacheSide sent;
  CacheSide untouched;
  MonotonicTime started;
  bool began = false;    // its answer
  bool changed = false;  // by us: another model, or another prompt

  [[nodiscard]] bool is_open() const { return sent.map != nullptr; }
};

class CacheWorlds {
 public:
  explicit CacheWorlds(CacheWorldsLimits limits = {});
  ~CacheWorlds();
  CacheWorlds(CacheWorlds&&) noexcept;
  CacheWorlds& operator=(CacheWorlds&&) noexcept;

  // Call once at the start of the process. For an hour from then on a conversation that was under way before counts as
  // still cached under the model that it names, as long as nothing is known of it: no saving is claimed on a guess.
  void watch_from(MonotonicTime start);

  // What usage the API would report if this prompt went to that model now: from the cache as it really is.
  [[nodiscard]] CacheForecast forecast(const CacheKey& key, ModelPrompts& prompt, MonotonicTime at) const;
  // The same for the world without us.
  [[nodiscard]] CacheForecast forecast_untouched(const CacheKey& key, ModelPrompts& prompt, MonotonicTime at) const;

  // A request leaves. What it writes can be read once its answer has begun.
  [[nodiscard]] CacheTicket sent(const SentPrompt& prompt, MonotonicTime started);
  // Nothing for a ticket that is not open.
  void answer_began(CacheTicket& ticket);
  // The answer's usage is known: learns from it, says what the request would have been billed as, and closes the
  // ticket. One that is not open gives the actual usage, worlds_agreed.
  [[nodiscard]] Counterfactual settle(CacheTicket& ticket, const TokenUsage& actual);

  // For the store: rows of text, at most entries * 2 + known_points + 1 (docs/formats/prompt_cache.md). Entries that
  // have expired are left out. Wall time carries lives over a restart. Restore them in the order in which they came.
  [[nodiscard]] std::vector<std::string> rows(MonotonicTime now, WallTime wall) const;
  // False, changing nothing, for a row that is not of this format, or of an entry that has expired.
  bool restore(std::string_view row, MonotonicTime now, WallTime wall);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace distiq
