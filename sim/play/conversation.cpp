#include "play/conversation.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json_fields.h"
#include "prompt/prompt.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::string_view notification_text = "[SYSTEM NOTIFICATION - NOT USER INPUT]";
constexpr std::string_view compaction_text = "CRITICAL: Respond with TEXT ONLY";

// Texts the client adds around a prompt; what remains of a user message is the human's.
constexpr std::array<std::string_view, 12> client_texts{"<system-reminder>",
                                                        "<command-name>",
                                                        "<command-message>",
                                                        "<local-command-",
                                                        "[Image: source:",
                                                        "[Request interrupted by user]",
                                                        "[Your previous response had no visible output",
                                                        "Your response above was",
                                                        "Output token limit hit",
                                                        "Tool loaded.",
                                                        compaction_text,
                                                        "This session is being continued"};

bool is_client_text(std::string_view text) {
  return std::any_of(client_texts.begin(), client_texts.end(), [&](auto start) { return text.starts_with(start); });
}

template <class Visit>
void for_each_block(const json::object& message, Visit visit) {
  const auto* content = find(message, "content");
  if (!content) return;
  if (content->is_string()) {
    visit(json::object{{"type", "text"}, {"text", content->get_string()}});
  } else if (const auto* list = content->if_array()) {
    for (const auto& item : *list)
      if (const auto* block = item.if_object()) visit(*block);
  }
}

struct UserMessage {
  std::string prompt;
  bool notification = false;
  bool has_result = false;
  bool compaction = false;
  std::string result;
};

UserMessage read_user_message(const json::object& message) {
  UserMessage out;
  for_each_block(message, [&](const json::object& block) {
    const auto type = string_or_empty(block, "type");
    if (type == "tool_result") {
      out.has_result = true;
      if (const auto* content = find(block, "content")) out.result = joined_text(*content);
    }
    if (type != "text") return;
    const auto text = string_or_empty(block, "text");
    out.notification = out.notification || text.find(notification_text) != std::string_view::npos;
    out.compaction = out.compaction || text.starts_with(compaction_text);
    if (is_client_text(text)) return;
    if (!out.prompt.empty()) out.prompt += '\n';
    out.prompt += text;
  });
  return out;
}

void read_turn(const json::array& messages, Conversation& out, bool& compaction) {
  bool last = true;
  for (auto i = messages.size(); i-- > 0;) {
    const auto* message = messages[i].if_object();
    if (!message) continue;
    const auto role = string_or_empty(*message, "role");
    if (role == "assistant") {
      ++out.step;
      last = false;
    }
    if (role != "user") continue;
    const auto user = read_user_message(*message);
    if (last && user.has_result) out.last_result = user.result;
    compaction = compaction || (last && user.compaction);
    last = false;
    if (user.prompt.empty() && !user.notification) continue;
    out.prompt = user.prompt;
    out.notification = user.prompt.empty();
    return;
  }
}

std::set<std::string, std::less<>> referenced_tools(const json::array& messages) {
  std::set<std::string, std::less<>> names;
  for (const auto& item : messages) {
    const auto* message = item.if_object();
    if (!message) continue;
    for_each_block(*message, [&](const json::object& block) {
      const auto* content = find_array(block, "content");
      for (std::size_t i = 0; content && i < content->size(); ++i)
        if (const auto* inner = (*content)[i].if_object(); inner && string_or_empty(*inner, "type") == "tool_reference")
          names.emplace(string_or_empty(*inner, "tool_name"));
    });
  }
  return names;
}

void read_tools(const json::object& body, const json::array& messages, Conversation& out) {
  const auto* tools = find_array(body, "tools");
  const auto loaded = referenced_tools(messages);
  for (std::size_t i = 0; tools && i < tools->size(); ++i) {
    const auto* tool = (*tools)[i].if_object();
    if (!tool) continue;
    const auto name = string_or_empty(*tool, "name");
    const auto type = string_or_empty(*tool, "type");
    if (!type.empty() && type != "custom") {
      out.server_tools.emplace_back(name);
    } else if (!find_bool(*tool, "defer_loading") || loaded.contains(name)) {
      out.tools.emplace_back(name);
    }
  }
}

// "... working directory: /path" up to the end of the line, wherever the client puts its environment text.
std::string find_working_directory(std::string_view text) {
  constexpr std::string_view marker = "orking directory: ";
  const auto at = text.find(marker);
  if (at == std::string_view::npos) return {};
  auto rest = text.substr(at + marker.size());
  rest = rest.substr(0, rest.find_first_of("\r\n"));
  return std::string(rest);
}

std::string working_directory(const json::object& body, const json::array& messages) {
  for (const auto& item : messages)
    if (const auto* message = item.if_object())
      if (const auto* content = find(*message, "content"))
        if (auto found = find_working_directory(joined_text(*content)); !found.empty()) return found;
  const auto* system = find(body, "system");
  return system ? find_working_directory(joined_text(*system)) : std::string{};
}

bool has_title_schema(const json::object& body) {
  const auto* config = find_object(body, "output_config");
  const auto* format = config ? find_object(*config, "format") : nullptr;
  return format && json::serialize(*format).find("\"title\"") != std::string::npos;
}

bool stops_at_severity(const json::object& body) {
  const auto* stops = find_array(body, "stop_sequences");
  return stops && json::serialize(*stops).find("severity") != std::string::npos;
}

Lane lane_of(const json::object& body, const HeaderList& headers, const Conversation& conversation, bool compaction) {
  if (compaction) return Lane::compaction;
  if (has_title_schema(body)) return Lane::title;
  if (stops_at_severity(body)) return Lane::classifier;
  if (conversation.tools.empty() && !conversation.server_tools.empty()) return Lane::web_search;
  if (has_header(headers, "x-claude-code-agent-id")) return Lane::subagent;
  if (conversation.prompt.starts_with("\nWeb page content:") || conversation.prompt.starts_with("Web page content:"))
    return Lane::web_fetch;
  return Lane::main;
}

}  // namespace

std::string_view name_of(Lane lane) {
  switch (lane) {
    case Lane::main:
      return "main";
    case Lane::subagent:
      return "subagent";
    case Lane::title:
      return "title";
    case Lane::compaction:
      return "compaction";
    case Lane::web_search:
      return "web_search";
    case Lane::web_fetch:
      return "web_fetch";
    case Lane::classifier:
      return "classifier";
  }
  return "main";
}

bool Conversation::has_tool(std::string_view name) const {
  return std::find(tools.begin(), tools.end(), name) != tools.end();
}

Conversation read_conversation(const json::object& body, const HeaderList& headers) {
  Conversation out;
  out.model = string_or_empty(body, "model");
  const json::array none;
  const auto* messages = find_array(body, "messages");
  if (!messages) messages = &none;
  bool compaction = false;
  read_turn(*messages, out, compaction);
  read_tools(body, *messages, out);
  out.working_directory = working_directory(body, *messages);
  const auto* config = find_object(body, "output_config");
  out.wants_json = config && find_object(*config, "format");
  out.lane = lane_of(body, headers, out, compaction);
  return out;
}

}  // namespace sim
