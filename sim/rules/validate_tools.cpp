#include <algorithm>
#include <array>
#include <set>

#include "rules/validate_parts.h"

namespace sim {
namespace {

namespace json = boost::json;

std::string path_of(std::size_t i) {
  return "tools." + std::to_string(i);
}

bool is_custom(const json::object& tool) {
  const auto type = string_or_empty(tool, "type");
  return type.empty() || type == "custom";
}

bool is_tool_name(std::string_view name) {
  constexpr std::size_t longest = 128;
  return !name.empty() && name.size() <= longest && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Refusal check_custom(const json::object& tool, std::size_t i) {
  const auto path = path_of(i) + ".custom";
  if (!tool.contains("name")) return invalid_request(path + ".name: Field required");
  if (!is_tool_name(string_or_empty(tool, "name")))
    return invalid_request(path + ".name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
  const auto* schema = find_object(tool, "input_schema");
  if (!schema) return invalid_request(path + ".input_schema: Field required");
  if (string_or_empty(*schema, "type") != "object")
    return invalid_request(path + ".input_schema.type: Input should be 'object'");
  return std::nullopt;
}

bool is_generation_5_5(const Model& model) {
  return model.id.ends_with("-5-5");
}

Refusal check_server_tool(const Subject& subject, const json::object& tool, std::size_t i) {
  const auto type = string_or_empty(tool, "type");
  static constexpr std::array<std::string_view, 10> families{
      "web_search_", "web_fetch_",  "code_execution_",   "bash_",   "text_editor_", "computer_",
      "memory_",     "mcp_toolset", "tool_search_tool_", "advisor_"};
  if (std::none_of(families.begin(), families.end(), [&](auto family) { return type.starts_with(family); }))
    return invalid_request(path_of(i) + ": Input tag '" + std::string(type) +
                           "' found using 'type' does not match any of the expected tags");
  if (type == "computer_20251124" && is_generation_5_5(subject.model))
    return invalid_request("'" + subject.model.id + "' does not support tool types: " + std::string(type) + ".");
  return std::nullopt;
}

Refusal check_deferred(const Subject& subject, const json::object& tool, std::size_t i) {
  if (!find_bool(tool, "defer_loading")) return std::nullopt;
  if (!subject.model.tool_search || !subject.has_beta({"advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19"}))
    return extra_input(path_of(i) + ".custom.defer_loading");
  if (is_set(tool, "cache_control"))
    return invalid_request(
        "Tool '" + std::string(string_or_empty(tool, "name")) +
        "' cannot have both defer_loading=true and cache_control set. Tools with defer_loading cannot "
        "use prompt caching.");
  return std::nullopt;
}

Refusal check_list(const Subject& subject, const json::array& tools) {
  constexpr std::size_t most_deferred = 10'000;
  std::set<std::string_view> names;
  std::size_t deferred = 0;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const auto* tool = tools[i].if_object();
    if (!tool)
      return invalid_request(path_of(i) + ": Input should be a valid dictionary or object to extract fields from");
    if (auto refusal = is_custom(*tool) ? check_custom(*tool, i) : check_server_tool(subject, *tool, i)) return refusal;
    if (auto refusal = check_deferred(subject, *tool, i)) return refusal;
    deferred += find_bool(*tool, "defer_loading");
    const auto name = string_or_empty(*tool, "name");
    if (!name.empty() && !names.insert(name).second) return invalid_request("tools: Tool names must be unique.");
  }
  if (deferred > 0 && deferred == tools.size())
    return invalid_request("At least one tool must have defer_loading=false.");
  if (deferred > most_deferred) return invalid_request("tools: at most 10000 tools may have defer_loading=true.");
  return std::nullopt;
}

bool has_tool(const json::array* tools, std::string_view name) {
  return tools && std::any_of(tools->begin(), tools->end(), [&](const json::value& tool) {
           return tool.is_object() && string_or_empty(tool.get_object(), "name") == name;
         });
}

Refusal check_forced(const Subject& subject, const json::array* tools, const json::object& choice,
                     std::string_view type) {
  if (!subject.model.forced_tool_choice)
    return invalid_request("tool_choice forces tool use, which is not compatible with this model.");
  const auto* thinking = find_object(subject.body, "thinking");
  const auto mode = thinking ? string_or_empty(*thinking, "type") : std::string_view{};
  if (mode == "enabled" || mode == "adaptive")
    return invalid_request("Thinking may not be enabled when tool_choice forces tool use.");
  if (type == "tool" && !has_tool(tools, string_or_empty(choice, "name")))
    return invalid_request("Tool '" + std::string(string_or_empty(choice, "name")) + "' not found in provided tools");
  return std::nullopt;
}

Refusal check_choice(const Subject& subject, const json::array* tools) {
  const auto* choice = find_object(subject.body, "tool_choice");
  if (!choice) return std::nullopt;
  const auto type = string_or_empty(*choice, "type");
  if (type != "auto" && type != "any" && type != "tool" && type != "none")
    return invalid_request(
        "tool_choice: Input tag '" + std::string(type) +
        "' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'");
  if (!tools || tools->empty()) return invalid_request("tool_choice may only be specified while providing tools.");
  return type == "any" || type == "tool" ? check_forced(subject, tools, *choice, type) : std::nullopt;
}

}  // namespace

Refusal validate_tools(const Subject& subject) {
  const auto* value = find(subject.body, "tools");
  const auto* tools = value ? value->if_array() : nullptr;
  if (value && !tools && !value->is_null()) return invalid_request("tools: Input should be a valid list");
  if (tools)
    if (auto refusal = check_list(subject, *tools)) return refusal;
  return check_choice(subject, tools);
}

}  // namespace sim
