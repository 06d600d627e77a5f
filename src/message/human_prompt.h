// The human's own words in a request, without the reminders, command output and tool results that the client puts
// around them (claude_code_client facts, section 3.6). Any thread.
#pragma once

#include <string>
#include <vector>

#include "message/request_view.h"

namespace distiq {

enum class TurnKind {
  none,          // no user message, or none with a human's words
  prompt,        // the last user message holds the human's words
  loop_step,     // it holds tool results only: the model goes on with its work
  notification,  // a background task reports; no human is waiting
  continuation,  // the client asks for more of a cut, empty or refused answer, or the assistant's turn is prefilled
};
[[nodiscard]] std::string_view to_string(TurnKind kind);

struct HumanPrompt {
  TurnKind kind = TurnKind::none;
  // The newest words of the human, also when the turn itself is not a prompt; empty for a picture without words.
  std::vector<JsonValue> parts;
  std::uint32_t message = no_index;  // where they stand: index into RequestView::messages
};

// Reads only the starts of the texts: about 20 ns per block of the messages from the prompt on.
[[nodiscard]] HumanPrompt find_human_prompt(const RequestView& view);
// Its kind alone, from the newest messages.
[[nodiscard]] TurnKind find_turn_kind(const RequestView& view);

// The parts as one decoded UTF-8 text, a newline between them.
[[nodiscard]] std::string prompt_text(const RequestView& view, const HumanPrompt& prompt);

}  // namespace distiq
