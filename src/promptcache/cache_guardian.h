// Watches warm lanes: when one suddenly writes its prefix anew, says which bytes differ from the request before and
// what that cost. What Claude Code changes harmlessly (moving markers, string or list) is no difference here because
// PromptMap does not see it. Reports only. Bounded; no clock of its own. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "money/model_info.h"
#include "money/usage.h"
#include "promptcache/lane_memory.h"
#include "promptcache/prompt_map.h"

namespace distiq {

struct CacheBreak {
  std::string field;         // "tools[3] (Bash)", "system[2]", "messages[0]", "output_config.effort", "upstream"
  std::string what;          // one line for people
  ByteRange range;           // of this request's body; size 0 where no bytes are to blame
  std::uint64_t tokens = 0;  // that should have been read and were not
  PicoUsd price;             // what writing them instead of reading them cost
  bool by_upstream = false;  // nothing of the request explains it
};

// Where a request first differs from the one before it in its lane, in what a cache looks at.
struct CacheDifference {
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  std::string_view list;        // "tools", "messages", "output_config.effort"; a literal
  std::uint32_t number = none;  // of the element in `list`
  std::string tool;             // its name
  ByteRange range;

  // "tools[3] (Bash)": in words only for a difference that cost something.
  [[nodiscard]] std::string field() const;
};

// One answered request of a lane. Everything is borrowed for the call.
struct GuardedRequest {
  std::string_view lane_id;
  const PromptMap* prompt = nullptr;            // as it was sent
  const CacheDifference* difference = nullptr;  // difference() of this request, asked while its body was there
  const ModelInfo* served = nullptr;
  MonotonicTime started{};
  TokenUsage usage{};  // as reported
};

class CacheGuardian {
 public:
  // Changes nothing. nullopt: it only adds to the request before, or there was none.
  [[nodiscard]] std::optional<CacheDifference> difference(std::string_view lane_id, const RequestView& view,
                                                          const PromptMap& prompt) const;

  // nullopt: as expected, or nothing to compare with (new lane, another model, a pause longer than the cache's life).
  std::optional<CacheBreak> observe(const GuardedRequest& request);

  [[nodiscard]] std::size_t lanes() const { return lanes_.size(); }

 private:
  struct Lane {
    std::vector<std::uint64_t> prefixes;  // of every position, newest request
    PromptContext context;
    const ModelInfo* served = nullptr;
    MonotonicTime started;
    CacheTtl ttl = CacheTtl::five_minutes;  // the shortest of its markers
    std::uint64_t cached_tokens = 0;
  };

  LaneMemory<Lane> lanes_{512};
};

}  // namespace distiq
