// Roles, content blocks, the end of the conversation.
#include <algorithm>
#include <array>

#include "rules/validate_parts.h"

namespace sim {
namespace {

namespace json = boost::json;

enum Roles : unsigned { user = 1, assistant = 2, system_role = 4 };

struct BlockType {
  std::string_view name;
  unsigned roles;
};

// Which roles may carry which block.
constexpr std::array<BlockType, 21> block_types{{{"text", user | assistant | system_role},
                                                 {"image", user},
                                                 {"document", user | assistant},
                                                 {"search_result", user},
                                                 {"tool_result", user},
                                                 {"tool_use", assistant},
                                                 {"thinking", assistant},
                                                 {"redacted_thinking", assistant},
                                                 {"compaction", assistant},
                                                 {"fallback", assistant},
                                                 {"server_tool_use", assistant},
                                                 {"web_search_tool_result", assistant},
                                                 {"web_fetch_tool_result", assistant},
                                                 {"code_execution_tool_result", assistant},
                                                 {"bash_code_execution_tool_result", assistant},
                                                 {"tool_search_tool_result", assistant},
                                                 {"container_upload", user},
                                                 {"mcp_tool_use", assistant},
                                                 {"mcp_tool_result", assistant},
                                                 {"tool_addition", system_role},
                                                 {"tool_removal", system_role}}};

unsigned role_bit(std::string_view role) {
  if (role == "user") return user;
  if (role == "assistant") return assistant;
  return role == "system" ? unsigned{system_role} : 0;
}

Refusal wrong_tag(const std::string& path, std::string_view type) {
  std::string expected;
  for (const auto& known : block_types) expected += (expected.empty() ? "'" : ", '") + std::string(known.name) + "'";
  return invalid_request(path + ": Input tag '" + std::string(type) +
                         "' found using 'type' does not match any of the expected tags: " + expected);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Refusal check_text(const json::object& block, const std::string& path) {
  const auto text = find_string(block, "text");
  if (!text) return invalid_request(path + ".text.text: Field required");
  if (text->empty() && is_set(block, "cache_control"))
    return invalid_request(path + ".text: cache_control cannot be set for empty text blocks");
  if (text->empty()) return invalid_request("messages: text content blocks must be non-empty");
  if (is_blank(*text)) return invalid_request("messages: text content blocks must contain non-whitespace text");
  return std::nullopt;
}

Refusal check_image(const json::object& block, const std::string& path) {
  const auto* source = find_object(block, "source");
  if (!source) return invalid_request(path + ".image.source: Field required");
  const auto type = string_or_empty(*source, "type");
  if (type == "url" || type == "file") return std::nullopt;
  if (type != "base64")
    return invalid_request(path + ".image.source: Input tag '" + std::string(type) +
                           "' found using 'type' does not match any of the expected tags: 'base64', 'url', 'file'");
  const auto media = string_or_empty(*source, "media_type");
  if (media != "image/png" && media != "image/jpeg" && media != "image/gif" && media != "image/webp")
    return invalid_request(path +
                           ".image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', "
                           "'image/gif' or 'image/webp'");
  return string_or_empty(*source, "data").empty() ? invalid_request(path + ".image.source.base64.data: Field required")
                                                  : Refusal{};
}

bool is_offered(const Subject& subject, std::string_view tool_name) {
  const auto* tools = find_array(subject.body, "tools");
  return tools && std::any_of(tools->begin(), tools->end(), [&](const json::value& tool) {
           return tool.is_object() && string_or_empty(tool.get_object(), "name") == tool_name;
         });
}

Refusal check_tool_result(const Subject& subject, const json::object& block, const std::string& path) {
  if (string_or_empty(block, "tool_use_id").empty())
    return invalid_request(path + ".tool_result.tool_use_id: Field required");
  const auto* content = find_array(block, "content");
  for (std::size_t i = 0; content && i < content->size(); ++i) {
    const auto inner_path = path + ".tool_result.content." + std::to_string(i);
    const auto* inner = (*content)[i].if_object();
    if (!inner)
      return invalid_request(inner_path + ": Input should be a valid dictionary or object to extract fields from");
    const auto type = string_or_empty(*inner, "type");
    if (type == "image") {
      if (auto refusal = check_image(*inner, inner_path)) return refusal;
    } else if (type == "tool_reference") {
      const auto name = string_or_empty(*inner, "tool_name");
      if (!is_offered(subject, name))
        return invalid_request("Tool reference '" + std::string(name) + "' not found in available tools");
    } else if (type != "text" && type != "document" && type != "search_result") {
      return wrong_tag(inner_path, type);
    }
  }
  return std::nullopt;
}

Refusal check_tool_use(const json::object& block, const std::string& path) {
  if (string_or_empty(block, "id").empty()) return invalid_request(path + ".tool_use.id: Field required");
  if (string_or_empty(block, "name").empty()) return invalid_request(path + ".tool_use.name: Field required");
  if (!find_object(block, "input"))
    return invalid_request(path + ".tool_use.input: Input should be a valid dictionary");
  return std::nullopt;
}

Refusal check_block(const Subject& subject, const json::value& value, std::string_view role, const std::string& path) {
  const auto* block = value.if_object();
  if (!block) return invalid_request(path + ": Input should be a valid dictionary or object to extract fields from");
  const auto type = string_or_empty(*block, "type");
  const auto known =
      std::find_if(block_types.begin(), block_types.end(), [&](const auto& t) { return t.name == type; });
  if (known == block_types.end()) return wrong_tag(path, type);
  if (!(known->roles & role_bit(role)))
    return invalid_request(path + ": `" + std::string(type) + "` blocks are not permitted in `" + std::string(role) +
                           "` messages");
  if (subject.kind.version_2026 && type == "document" && role == "assistant")
    return invalid_request(path + ": `document` blocks are not permitted in `assistant` messages");
  if (type == "text") return check_text(*block, path);
  if (type == "image") return check_image(*block, path);
  if (type == "tool_result") return check_tool_result(subject, *block, path);
  if (type == "tool_use") return check_tool_use(*block, path);
  if (type == "compaction" && (!subject.has_beta({"compact-2026-01-12"}) || !subject.model.compaction))
    return extra_input(path);
  if (type == "compaction" && !find_string(*block, "content"))
    return invalid_request(path + ".compaction.content: Field required");
  if (type == "fallback" && !subject.has_beta({"server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01"}))
    return extra_input(path);
  if (type == "thinking" && !find_string(*block, "signature"))
    return invalid_request(path + ".thinking.signature: Field required");
  if (type == "thinking" && !find_string(*block, "thinking"))
    return invalid_request(path + ".thinking.thinking: Field required");
  return std::nullopt;
}

Refusal check_content(const Subject& subject, const json::object& message, std::string_view role, std::size_t i) {
  const auto path = "messages." + std::to_string(i);
  const auto* content = find(message, "content");
  if (!content) return invalid_request(path + ".content: Field required");
  const bool last_assistant = role == "assistant" && i + 1 == find_array(subject.body, "messages")->size();
  const bool may_be_empty = last_assistant || message.contains("output_config");
  if (const auto* text = content->if_string()) {
    if (text->empty() && !may_be_empty)
      return invalid_request(
          path + ": all messages must have non-empty content except for the optional final assistant message");
    return std::nullopt;
  }
  const auto* list = content->if_array();
  if (!list) return invalid_request(path + ".content: Input should be a valid string or list");
  if (list->empty() && !may_be_empty)
    return invalid_request(
        path + ": all messages must have non-empty content except for the optional final assistant message");
  for (std::size_t j = 0; j < list->size(); ++j)
    if (auto refusal = check_block(subject, (*list)[j], role, path + ".content." + std::to_string(j))) return refusal;
  return std::nullopt;
}

Refusal check_role(const Subject& subject, std::string_view role, std::size_t i) {
  const auto path = "messages." + std::to_string(i);
  if (!role_bit(role)) return invalid_request(path + ".role: Input should be 'user' or 'assistant'");
  if (role == "system" && !subject.model.system_role)
    return invalid_request(path + ": role 'system' is not supported on this model");
  return std::nullopt;
}

Refusal check_fields(const Subject& subject, const json::object& message, std::size_t i) {
  const auto path = "messages." + std::to_string(i) + ".";
  for (const auto& [name, value] : message) {
    if (name == "role" || name == "content") continue;
    const bool turn_control =
        name == "output_config" && subject.model.per_turn_effort &&
        subject.has_beta({"per-turn-control-2026-07-01", "mid-conversation-output-config-2026-07-01"});
    const bool clear_at = name == "clear_at" && subject.has_beta({"mid-conversation-system-clear-at-2026-08-21"});
    if (!turn_control && !clear_at) return extra_input(path + std::string(name));
  }
  const auto* config = find_object(message, "output_config");
  if (config && is_set(*config, "effort") && !subject.model.has_effort(string_or_empty(*config, "effort")))
    return invalid_request(path + "output_config.effort: not a supported effort level for this model");
  return std::nullopt;
}

std::string_view last_text(const json::object& message) {
  if (const auto text = find_string(message, "content")) return *text;
  const auto* list = find_array(message, "content");
  if (!list || list->empty() || !list->back().is_object()) return {};
  return string_or_empty(list->back().get_object(), "text");
}

// The last message that is not of the system decides.
Refusal check_end(const Subject& subject, const json::array& messages) {
  for (auto i = messages.size(); i-- > 0;) {
    const auto& message = messages[i].get_object();
    const auto role = string_or_empty(message, "role");
    if (role == "system") continue;
    if (role == "user") return std::nullopt;
    if (!subject.model.prefill)
      return invalid_request(
          "This model does not support assistant message prefill. The conversation must end with a user message.");
    const auto text = last_text(message);
    if (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
      return invalid_request("messages: final assistant content cannot end with trailing whitespace");
    return std::nullopt;
  }
  return invalid_request("messages: at least one user message is required");
}

Refusal check_system_prompt(const Subject& subject) {
  const auto* system = find(subject.body, "system");
  if (!system || system->is_null() || system->is_string()) return std::nullopt;
  const auto* list = system->if_array();
  if (!list) return invalid_request("system: Input should be a valid string or list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto path = "system." + std::to_string(i);
    const auto* block = (*list)[i].if_object();
    if (!block || string_or_empty(*block, "type") != "text")
      return invalid_request(path + ".type: Input should be 'text'");
    const auto text = find_string(*block, "text");
    if (!text) return invalid_request(path + ".text: Field required");
    if (text->empty())
      return invalid_request(is_set(*block, "cache_control")
                                 ? path + ": cache_control cannot be set for empty text blocks"
                                 : "system: text content blocks must be non-empty");
  }
  return std::nullopt;
}

}  // namespace

Refusal validate_messages(const Subject& subject) {
  if (auto refusal = check_system_prompt(subject)) return refusal;
  const auto* value = find(subject.body, "messages");
  if (!value) return invalid_request("messages: Field required");
  const auto* messages = value->if_array();
  if (!messages) return invalid_request("messages: Input should be a valid list");
  if (messages->empty()) return invalid_request("messages: at least one message is required");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const auto* message = (*messages)[i].if_object();
    if (!message)
      return invalid_request("messages." + std::to_string(i) +
                             ": Input should be a valid dictionary or object to extract fields from");
    const auto role = string_or_empty(*message, "role");
    if (auto refusal = check_role(subject, role, i)) return refusal;
    if (auto refusal = check_fields(subject, *message, i)) return refusal;
    if (auto refusal = check_content(subject, *message, role, i)) return refusal;
  }
  return check_end(subject, *messages);
}

}  // namespace sim
