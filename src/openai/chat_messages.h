// The messages of a chat.completions request as `system` and `messages` of the Messages API. Internal to openai/.
#pragma once

#include <string>
#include <vector>

#include "openai/json_read.h"

namespace distiq {

struct ChatMessages {
  std::vector<std::string> system;  // texts
  std::string messages;             // JSON array
  bool ends_with_assistant = false;
};

// `system_role`: the model takes system messages in the middle; otherwise they become part of the user's words.
// Throws ChatRefusal.
[[nodiscard]] ChatMessages translate_messages(const simdjson::dom::array& messages, bool system_role);

}  // namespace distiq
