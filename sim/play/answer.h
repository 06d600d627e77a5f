// What the model says, and how it is put on the wire: as one JSON message or as the event stream. Pure, any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prompt/models.h"
#include "prompt/prompt_cache.h"
#include "wire/http_message.h"

namespace sim {

struct Answer {
  boost::json::array content;  // blocks in the API's form; thinking without signature, tool_use may lack an id
  std::string stop_reason;     // empty: tool_use when a tool is called, else end_turn
  std::string stop_sequence;
  std::optional<std::int64_t> output_tokens;  // unset: counted
  std::string model;                          // shown instead of the requested one
  std::size_t delta_chars = 12;               // code points per delta
  std::int64_t web_searches = 0;
};

// Convenience for scenarios.
Answer say(std::string_view text);
boost::json::object text_block(std::string_view text);
boost::json::object thinking_block(std::string_view text);
boost::json::object tool_use_block(std::string_view name, boost::json::object input);

// The figures that go into `usage`.
struct Usage {
  CacheUse prompt;
  std::int64_t output = 0;
  std::int64_t web_searches = 0;
  std::string speed;  // "fast" or empty
  std::string geo;    // "us" or empty
};

// One entry of `usage.iterations`: what was sampled on the way to the answer is billed beside it.
struct UsagePass {
  std::string type;  // "compaction", "message", "fallback_message"
  std::string model;
  Usage usage;
};

struct MessageFrame {
  std::string id;
  std::string model;
  Usage usage;                     // of the last pass
  std::vector<UsagePass> earlier;  // with any, or with a last_pass of its own, iterations are listed
  std::string last_pass = "message";
  std::optional<boost::json::value> cache_miss_reason;  // shown when asked for: a reason, or null for none
  boost::json::array input_transformations;             // shown when not empty
  bool context_management = false;
};

// Tokens of each content block in the model's tokenizer, thinking included even where it is not shown.
std::vector<std::int64_t> output_tokens_of(const Answer& answer, const Model& model);

std::string stop_reason_of(const Answer& answer);

// The whole message as one document.
boost::json::object render_message(const Answer& answer, const MessageFrame& frame);

// The message as event-stream pieces, one per event.
std::vector<Piece> render_stream(const Answer& answer, const MessageFrame& frame,
                                 const std::vector<std::int64_t>& block_tokens);

std::string sse_event(std::string_view name, const boost::json::object& data);

}  // namespace sim
