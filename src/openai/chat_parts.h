// What whole and streamed answers have in common. Internal to openai/. Any thread.
#pragma once

#include <simdjson.h>

#include "openai/chat_answer.h"

namespace distiq {

// What `usage` names replaces what stands in `into`: later events repeat earlier counts or leave them out.
void read_usage(const simdjson::dom::element& usage, ChatUsage& into);

// Why the model refused, as far as it says so.
[[nodiscard]] std::string refusal_text(const simdjson::dom::element& message);

// Empty if it is not there or not a string.
[[nodiscard]] std::string_view string_or_empty(const simdjson::dom::element& parent, std::string_view key);

}  // namespace distiq
