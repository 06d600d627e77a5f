// Tools, tool_choice and response_format of a chat.completions request. Internal to openai/. Throws ChatRefusal.
#pragma once

#include <string>

#include "openai/json_read.h"

namespace distiq {

// JSON array for `tools`; empty: none are offered.
[[nodiscard]] std::string translate_tools(const JsonElement& request);

struct ToolChoice {
  std::string json;     // for `tool_choice`; empty: leave it out
  bool forced = false;  // any tool, or a certain one
};
// Requires: tools are offered.
[[nodiscard]] ToolChoice translate_tool_choice(const JsonElement& request);

struct AnswerFormat {
  std::string schema;      // for output_config.format; empty: none
  bool json_only = false;  // any JSON object: the API has no such mode, the model is told so and the answer trimmed
};
[[nodiscard]] AnswerFormat translate_response_format(const JsonElement& request);

}  // namespace distiq
