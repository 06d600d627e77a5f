// A request's prompt as a list of blocks in the order the API reads them (tools, system, messages), each with its size
// in tokens and two digests: one for the prompt cache, one for the binding of thinking signatures. Pure, any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "prompt/models.h"

namespace sim {

enum class Section { tools, system, messages };

constexpr std::int64_t ttl_5m_ms = 5 * 60 * 1000;
constexpr std::int64_t ttl_1h_ms = 60 * 60 * 1000;

struct ThinkingBlock {
  std::string model_text;  // what the block shows, empty with display omitted
  std::string signature;
};

struct PromptBlock {
  Section section = Section::tools;
  std::string path;  // as error messages name it: "messages.2.content.0"
  std::string role;  // messages only
  Digest content{};  // equal content, equal digest: cache_control, key order of the block, string or one text block do
                     // not count
  Digest binding{};  // additionally blanks at the ends and any key order do not count
  std::int64_t tokens = 0;
  std::optional<std::int64_t> mark_ttl_ms;  // a cache breakpoint
  std::optional<ThinkingBlock> thinking;    // of thinking and redacted_thinking blocks
  bool human = false;                       // of a user message that is not only tool results
  bool deferred = false;                    // tools: not part of the prompt until referenced
  bool dropped = false;                     // thinking the model does not read, or what a compaction has replaced
  bool compaction = false;
};

// What besides the blocks decides which cached prefix fits.
struct PromptContext {
  std::string everything;     // model, effort where it counts for all, betas
  std::string from_system;    // speed, web search, citations
  std::string from_messages;  // tool_choice, images, thinking, effort, format, task budget
};

struct Prompt {
  std::vector<PromptBlock> blocks;
  PromptContext context;
  std::int64_t base_tokens = 0;  // framing that belongs to no block, before the first one

  std::int64_t tokens() const;  // of everything that is not deferred or dropped
};

struct PromptOptions {
  bool keep_billing_line = false;    // else a first system block "x-anthropic-billing-header" is not part of the prompt
  std::string cache_relevant_betas;  // goes into the cache key
};

Prompt read_prompt(const boost::json::object& body, const Model& model, const PromptOptions& options);

// The binding digest of one content block, as read_prompt() computes it.
Digest binding_of(const boost::json::object& block, std::string_view role);

// Text of a system or message content that is a string or a list of blocks; the text blocks joined by newlines.
std::string joined_text(const boost::json::value& content);

// The level in force: output_config.effort or the model's default; empty for models without.
std::string effective_effort(const boost::json::object& body, const Model& model);

constexpr std::string_view billing_line = "x-anthropic-billing-header";

}  // namespace sim
