// A translated request as one prompt for the claude CLI, which takes one message of the user's and answers it. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "openai/chat_error.h"

namespace distiq {

struct ConversationText {
  std::string system;
  std::string content;  // JSON array of the API's user content blocks
  std::string schema;   // JSON schema of the answer; empty: any text
  std::string note;     // what the CLI cannot do and was left out; empty: nothing
};

// `body`: as translate_chat_request made it. A single message of the user's goes as it is; a longer conversation as its
// transcript. Fails with 400 if tools stand in it: the CLI runs its own, and hands none out.
[[nodiscard]] std::expected<ConversationText, ChatError> conversation_text(std::string_view body);

}  // namespace distiq
