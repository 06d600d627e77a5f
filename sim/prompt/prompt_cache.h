// The prompt cache: prefixes that were written at breakpoints, found again by looking back from breakpoints. One object
// per simulator; the caller serialises access.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "prompt/prompt.h"

namespace sim {

struct CacheUse {
  std::int64_t input = 0;  // tokens after the last breakpoint, or all when nothing is cached
  std::int64_t read = 0;
  std::int64_t written_5m = 0;
  std::int64_t written_1h = 0;
};

// A request's prompt as the cache sees it.
struct CachePosition {
  std::string key;          // digest of everything up to and including this block
  std::int64_t tokens = 0;  // of everything up to and including this block
  std::optional<std::int64_t> mark_ttl_ms;
  std::string path;
};

// `owner` separates caches: the workspace behind a credential.
std::vector<CachePosition> cache_positions(const Prompt& prompt, std::string_view owner);

class PromptCache {
 public:
  struct Plan {
    CacheUse use;
    std::vector<std::string> touched;  // entries this request's hit keeps alive
    struct Write {
      std::string key;
      std::int64_t tokens;
      std::int64_t ttl_ms;
    };
    std::vector<Write> writes;  // become readable by commit()
    UnixMs started = 0;
  };

  // What the request reads and writes. Refreshes what it reads; writes nothing yet.
  Plan plan(const std::vector<CachePosition>& positions, std::int64_t total_tokens, std::int64_t min_cacheable,
            UnixMs now);
  // The answer has begun: its writes can be read from now on. Their life counts from the request's start.
  void commit(const Plan& plan);

  struct Stats {
    std::size_t entries = 0;
    std::int64_t tokens = 0;
  };
  Stats stats(UnixMs now) const;
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    std::int64_t tokens = 0;
    std::int64_t ttl_ms = 0;
    UnixMs expires = 0;
  };
  std::optional<std::size_t> find_hit(const std::vector<CachePosition>& positions, UnixMs now) const;
  bool alive(const std::string& key, UnixMs now) const;
  void forget_expired(UnixMs now);

  std::unordered_map<std::string, Entry> entries_;
};

constexpr int lookback_positions = 20;

}  // namespace sim
