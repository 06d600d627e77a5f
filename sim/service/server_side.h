// What the server does on its own around a model's answer: compacts a conversation that has grown too long, lets
// another model answer after a refusal, says why the cache was missed. Reads the turn; the caller holds the world's
// mutex.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "play/answer.h"
#include "prompt/prompt.h"
#include "service/turn.h"

namespace sim {

struct Compaction {
  std::string summary;
  std::int64_t summary_tokens = 0;
  bool pause = false;  // the answer is the summary alone
  Prompt prompt;       // what the model reads instead: tools, system, summary
};

// If the request has a compact_20260112 edit and its prompt has reached the trigger.
std::optional<Compaction> compaction_of(const Turn& turn);

// The first model of `fallbacks` that is not the one that refused; nullptr if there is none.
const Model* fallback_of(const Turn& turn);

// What a message's prompt was, as far as the diagnosis of a later miss needs it.
struct PromptTrace {
  std::string model;
  std::string everything, from_system, from_messages;  // PromptContext
  std::vector<Digest> tools, system, messages;
};
PromptTrace trace_of(const Prompt& prompt, const Model& model);

// The earliest difference to the earlier prompt; nullopt: the earlier one is a prefix. nullptr: it is not known.
std::optional<std::string> cache_miss_reason(const PromptTrace* earlier, const PromptTrace& now);

}  // namespace sim
