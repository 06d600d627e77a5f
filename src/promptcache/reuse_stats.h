// Which prefixes come again, and how often: the evidence on which a cache marker may cost 25 % more today. Counts are
// kept per program (account and system prompt), because a one-question script and an agent differ in just this.
// Knows hashes only. Bounded; no clock of its own. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "promptcache/lru_map.h"
#include "promptcache/prompt_map.h"

namespace distiq {

// A prompt without cache markers, as prefix hashes. 0 stands for "has none".
struct PromptSight {
  std::string_view account;
  std::uint64_t tools = 0;                   // everything up to the last tool
  std::uint64_t system = 0;                  // everything up to the last system block
  std::span<const PromptPosition> blocks{};  // of the messages, in order: everything up to each
};

struct ReuseView {
  bool tools_seen = false;  // within the life of a five-minute entry
  bool system_seen = false;
  std::optional<std::uint32_t>
      seen_block;             // index into blocks: where the newest earlier request that this one extends ended
  double system_share = 0;    // of the program's requests, those whose tools + system were seen before
  double growth_share = 0;    // those that extend an earlier request
  double requests = 0;        // what the shares rest on; old ones fade
  bool tools_shared = false;  // the same tools came under another system prompt
};

class ReuseStats {
 public:
  // Looks first, then remembers this prompt. O(blocks) hash look-ups, at most about 400.
  ReuseView observe(const PromptSight& prompt, MonotonicTime now);

  [[nodiscard]] std::size_t remembered() const { return sights_.size(); }

 private:
  static constexpr std::size_t most_sights = 20'000;  // about 1 MB
  static constexpr std::size_t most_programs = 1'000;

  struct Sight {
    MonotonicTime at;
    std::uint64_t owner = 0;  // tools: the system prompt that they came with
    bool shared = false;
  };
  struct Program {
    double requests = 0;
    double system_seen = 0;
    double grown = 0;
  };

  [[nodiscard]] bool is_fresh(std::uint64_t key, MonotonicTime now) const;
  // And whether it is shared. 0: nothing.
  bool remember(std::uint64_t key, std::uint64_t owner, MonotonicTime now);

  LruMap<Sight> sights_{most_sights};
  LruMap<Program> programs_{most_programs};
};

}  // namespace distiq
