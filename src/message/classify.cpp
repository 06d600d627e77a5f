#include "message/classify.h"

#include <algorithm>
#include <optional>

namespace distiq {
namespace {

constexpr std::string_view billing_prefix = "x-anthropic-billing-header:";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The text of system's first block, or of system itself.
JsonValue first_system_text(const RequestView& view) {
  if (view.system.is_string()) return view.system;
  return view.system_first_block < view.system_end_block ? view.blocks[view.system_first_block].text : JsonValue{};
}

JsonValue first_text(const RequestView& view, const Message& message) {
  if (message.content.is_string()) return message.content;
  return message.first_block < message.end_block ? view.blocks[message.first_block].text : JsonValue{};
}

// The last top-level block of the last message, if it is a user's.
JsonValue closing_user_text(const RequestView& view) {
  if (view.messages.empty() || view.messages.back().role != Role::user) return {};
  const Message& message = view.messages.back();
  if (message.content.is_string()) return message.content;
  JsonValue last;
  for (std::uint32_t i = message.first_block; i < message.end_block; i = view.blocks[i].next)
    last = view.blocks[i].text;
  return last;
}

bool comes_from_claude_code(const ClientFields& client, const RequestView& view) {
  return client.session_id || client.user_agent.value_or("").starts_with("claude-cli/") ||
         is_billing_line(view, first_system_text(view)) || !view.session_id.empty();
}

bool is_marked_sub_agent(const ClientFields& client, const RequestView* view) {
  if (client.agent_id) return true;
  if (view == nullptr) return false;
  const JsonValue line = first_system_text(*view);
  return is_billing_line(*view, line) && contains(view->inner(line), "cc_is_subagent=true");
}

// The last cache mark in the messages sits on an assistant block: the client leaves it there for /compact, so that the
// request reads the session's cache, and moves it to the newest block for everything else.
bool last_mark_is_on_assistant(const RequestView& view) {
  for (auto mark = view.cache_marks.rbegin(); mark != view.cache_marks.rend(); ++mark) {
    if (mark->place != CachePlace::message) continue;
    const auto message = std::find_if(view.messages.begin(), view.messages.end(), [&](const Message& candidate) {
      return mark->owner >= candidate.first_block && mark->owner < candidate.end_block;
    });
    return message != view.messages.end() && message->role == Role::assistant;
  }
  return false;
}

bool is_compaction(const ClientFields& client, const RequestView& view) {
  const JsonValue closing = closing_user_text(view);
  if (!closing.is_string()) return false;
  if (view.starts_with(closing, "CRITICAL: Respond with TEXT ONLY")) return true;
  const std::string_view text = view.inner(closing);
  if (!contains(text, "<analysis>") || !contains(text, "<summary>")) return false;
  return last_mark_is_on_assistant(view) ||
         client.head.headers.has_token("anthropic-beta", "fallback-credit-2026-06-01");
}

bool has_web_tool_only(const RequestView& view) {
  return view.tools.size() == 1 && (view.starts_with(view.tools[0].type_name, "web_search_") ||
                                    view.starts_with(view.tools[0].type_name, "web_fetch_"));
}

// The helpers of Claude Code: one user message, no tools of the client's own.
std::optional<RequestClass> helper_class(const RequestView& view) {
  if (view.messages.empty() || view.messages[0].role != Role::user) return {};
  if (has_web_tool_only(view)) return RequestClass::web_helper;
  if (!view.tools.empty()) return {};
  const JsonValue opening = first_text(view, view.messages[0]);
  if (view.starts_with(opening, "<transcript>") && !view.is_streaming()) return RequestClass::classifier;
  if (view.messages.size() > 1) return {};
  if (view.starts_with(opening, "\nWeb page content:") || view.starts_with(opening, "Web page content:")) {
    return RequestClass::web_helper;
  }
  if (view.output_format.type == JsonType::object) return RequestClass::title;
  return {};
}

// Nothing of Claude Code's helpers carries tools of the client's own, context management or thinking.
bool looks_like_main(const RequestView& view) {
  const bool thinks = view.thinking.type == JsonType::object && !view.equals(view.thinking_type, "disabled");
  return !view.tools.empty() || view.context_management.present() || thinks;
}

std::optional<RequestClass> hinted_class(const ClientFields& client, const RequestView* view) {
  const std::string_view hint = client.request_class.value_or("");
  if (hint == "main") return RequestClass::main;
  if (hint == "subagent" || hint == "workflow") return RequestClass::sub_agent;
  if (hint == "compaction") return RequestClass::compaction;
  if (hint.empty()) return {};
  if (client.first_party_class == "summary-extraction") return RequestClass::title;
  return view == nullptr ? RequestClass::other : helper_class(*view).value_or(RequestClass::other);
}

}  // namespace

bool is_billing_line(const RequestView& view, const JsonValue& text) {
  return view.starts_with(text, billing_prefix);
}

RequestClass classify_request(const ClientFields& client, const RequestView* view) {
  const std::string_view path = client.head.path();
  if (path == "/v1/messages/count_tokens") return RequestClass::count_tokens;
  if (path != "/v1/messages") return RequestClass::other;
  if (const auto hinted = hinted_class(client, view)) return *hinted;
  const bool is_readable = view != nullptr && comes_from_claude_code(client, *view);
  if (is_readable && is_compaction(client, *view)) return RequestClass::compaction;  // also of a sub-agent
  if (is_marked_sub_agent(client, view)) return RequestClass::sub_agent;
  if (!is_readable) return RequestClass::other;
  if (const auto helper = helper_class(*view)) return *helper;
  return looks_like_main(*view) ? RequestClass::main : RequestClass::other;
}

}  // namespace distiq
