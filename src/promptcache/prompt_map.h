// A request's prompt as a prompt cache sees it: blocks in prefix order, a hash for everything up to each, and where the
// breakpoints are. What does not count as a difference to the cache does not count in the hashes: cache_control, a
// string or one text block, how turns are cut into messages, is_error:false, key order of a block, the client's billing
// line, deferred tools that nothing refers to. Says nothing about a model: see ShadowCache.
// Pure; any thread.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "http/exchange.h"
#include "message/request_view.h"
#include "promptcache/prompt_parts.h"

namespace distiq {

enum class PromptSection : std::uint8_t { tools, system, messages };

// One tool, system block or top-level content block of a message.
struct PromptPosition {
  std::uint64_t prefix_hash = 0;  // of the content of everything up to and including it
  std::uint64_t block_hash = 0;   // of its own content
  ByteRange range;                // in the body
  std::uint32_t weight = 0;       // its size in bytes, as far as size says something about tokens
  std::uint32_t index = 0;        // into RequestView::tools (section tools) or blocks; no_index: a bare string
  PromptSection section = PromptSection::tools;
  bool thinking = false;   // thinking and redacted_thinking: carries no mark; some models do not read it
  bool assistant = false;  // of a message of the assistant
  bool human = false;      // of a user message that holds more than tool results

  bool operator==(const PromptPosition&) const = default;
};

struct Breakpoint {
  std::uint32_t position = 0;  // into PromptMap::positions
  CacheTtl ttl = CacheTtl::five_minutes;

  bool operator==(const Breakpoint&) const = default;
};

inline constexpr std::size_t most_breakpoints = 4;  // the API refuses a fifth
using Breakpoints = boost::container::static_vector<Breakpoint, most_breakpoints>;

// What a cached prefix depends on besides its blocks. A model's defaults are filled in later.
struct PromptContext {
  std::uint64_t everything = 0;  // betas, but those that change nothing about a prompt
  std::uint64_t system = 0;      // speed, web search, citations: from the system prompt on
  std::uint64_t messages = 0;    // tool_choice, images, thinking budget, output format, task budget
  std::string model;             // as the body names it; not part of any hash
  std::string thinking;          // thinking.type, empty if absent
  std::string effort;            // output_config.effort, empty if absent
  bool keeps_thinking = false;   // context management asks to keep older turns' thinking

  bool operator==(const PromptContext&) const = default;
};

struct PromptMap {
  boost::container::small_vector<PromptPosition, 2> positions;
  Breakpoints breakpoints;  // ascending; the automatic one included
  PromptContext context;
  std::uint64_t weight = 0;  // sum over the positions

  // The last position of a section; no_index if it has none.
  [[nodiscard]] std::uint32_t last_of(PromptSection section) const;
};

// `parts`: of the view; `betas`: of the head, hash_betas(). A body that the API would refuse gives some map, never an
// error.
[[nodiscard]] PromptMap map_prompt(const RequestView& view, const PromptParts& parts, std::uint64_t betas);
// With the hashing of the parts: about 0.15 ns per byte of body.
[[nodiscard]] PromptMap map_prompt(const RequestView& view, const RequestHead& head);

}  // namespace distiq
