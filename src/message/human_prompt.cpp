#include "message/human_prompt.h"

#include <algorithm>
#include <array>

#include "message/json_text.h"

namespace distiq {
namespace {

constexpr std::array<std::string_view, 12> not_human = {
    "<system-reminder>",
    "<command-name>",
    "<command-message>",
    "<local-command-",
    "[Image: source:",
    "[Request interrupted by user",
    "[Your previous response had no visible output",
    "Your response above was",
    "Output token limit hit",
    "Tool loaded.",
    "CRITICAL: Respond with TEXT ONLY",
    "This session is being continued",
};
constexpr std::string_view reminder = "<system-reminder>";
constexpr std::string_view task_notification = "<task-notification>";
constexpr std::string_view notification_label = "[SYSTEM NOTIFICATION - NOT USER INPUT]";
// With what the client's own texts begin, and an escape that may stand for it.
constexpr std::string_view first_letters = "<[YOTC\\";
static_assert(std::ranges::all_of(not_human, [](auto start) { return first_letters.contains(start.front()); }) &&
              first_letters.contains(task_notification.front()) && first_letters.contains(notification_label.front()));

bool is_notification(const RequestView& view, const JsonValue& text) {
  if (view.starts_with(text, task_notification) || view.starts_with(text, notification_label)) return true;
  if (!view.starts_with(text, reminder)) return false;
  constexpr std::size_t head_size = 256;  // further in the label may be quoted
  return view.inner(text).substr(0, head_size).find(notification_label) != std::string_view::npos;
}

// What one user message holds.
struct UserMessage {
  std::vector<JsonValue>* parts = nullptr;  // the human's words go there, where somebody wants them
  bool has_words = false;
  bool has_results = false;
  bool has_notification = false;
  bool has_picture = false;

  [[nodiscard]] bool is_from_human() const { return has_words || has_picture; }
};

void sort_text(const RequestView& view, const JsonValue& text, UserMessage& into) {
  if (!text.is_string() || view.inner(text).empty()) return;
  const auto keep = [&] {
    into.has_words = true;
    if (into.parts != nullptr) into.parts->push_back(text);
  };
  if (!first_letters.contains(view.inner(text).front())) return keep();
  if (is_notification(view, text)) {
    into.has_notification = true;
    return;
  }
  const bool is_dropped =
      std::any_of(not_human.begin(), not_human.end(), [&](auto start) { return view.starts_with(text, start); });
  if (!is_dropped) keep();
}

UserMessage read_user_message(const RequestView& view, const Message& message,
                              std::vector<JsonValue>* parts = nullptr) {
  UserMessage result{.parts = parts};
  if (message.content.is_string()) sort_text(view, message.content, result);
  for (std::uint32_t i = message.first_block; i < message.end_block; i = view.blocks[i].next) {
    const ContentBlock& block = view.blocks[i];
    if (block.type == BlockType::text) sort_text(view, block.text, result);
    result.has_results |= block.type == BlockType::tool_result;
    result.has_picture |= block.type == BlockType::image || block.type == BlockType::document;
  }
  // A picture beside results belongs to the tool.
  result.has_picture &= !result.has_results;
  return result;
}

TurnKind kind_of(const UserMessage& last) {
  if (last.is_from_human()) return TurnKind::prompt;
  if (last.has_notification) return TurnKind::notification;
  return last.has_results ? TurnKind::loop_step : TurnKind::continuation;
}

}  // namespace

std::string_view to_string(TurnKind kind) {
  switch (kind) {
    case TurnKind::none:
      return "none";
    case TurnKind::prompt:
      return "prompt";
    case TurnKind::loop_step:
      return "loop_step";
    case TurnKind::notification:
      return "notification";
    case TurnKind::continuation:
      return "continuation";
  }
  return "none";
}

HumanPrompt find_human_prompt(const RequestView& view) {
  HumanPrompt prompt;
  prompt.kind = find_turn_kind(view);
  for (std::size_t i = view.messages.size(); i-- > 0;) {
    if (view.messages[i].role != Role::user) continue;
    if (!read_user_message(view, view.messages[i], &prompt.parts).is_from_human()) continue;
    prompt.message = static_cast<std::uint32_t>(i);
    break;
  }
  return prompt;
}

TurnKind find_turn_kind(const RequestView& view) {
  bool assistant_speaks_last = false;
  for (std::size_t i = view.messages.size(); i-- > 0;) {
    const Message& message = view.messages[i];
    if (message.role == Role::user) {
      return assistant_speaks_last ? TurnKind::continuation : kind_of(read_user_message(view, message));
    }
    assistant_speaks_last |= message.role == Role::assistant;
  }
  return TurnKind::none;
}

std::string prompt_text(const RequestView& view, const HumanPrompt& prompt) {
  std::string text;
  for (const JsonValue& part : prompt.parts) {
    if (!text.empty()) text += '\n';
    append_decoded(text, view.inner(part));
  }
  return text;
}

}  // namespace distiq
