// A chat.completions request as a Messages API body. docs/openai.md is the table of what becomes what. Pure; any
// thread. Not here: who pays (door_key.h), and how the answer goes back (chat_answer.h, chat_stream.h).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "openai/chat_error.h"
#include "openai/model_names.h"

namespace distiq {

struct ChatRequest {
  std::string body;    // for POST /v1/messages
  std::string model;   // that the body names
  std::string effort;  // that the body names; empty: none
  bool stream = false;
  bool include_usage = false;
  bool has_tools = false;
  bool json_object = false;  // the client wants one JSON object, of whatever form
  // What was left out or changed, a few words each: shown in x-distiq-note.
  std::vector<std::string> notes;
};

// The text of every message, tool call and tool result is kept; the same request always gives the same bytes, and a
// longer conversation begins with the bytes of the shorter one, as the prompt cache wants it. Errors: 400 with the
// field in `param`, 404 for a model that nobody knows.
[[nodiscard]] std::expected<ChatRequest, ChatError> translate_chat_request(std::string_view body,
                                                                           const PriceTable& models,
                                                                           const ModelMap& map);

}  // namespace distiq
