#include <algorithm>
#include <array>

#include "rules/validate_parts.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 24> known_fields{"model",
                                                        "messages",
                                                        "system",
                                                        "tools",
                                                        "tool_choice",
                                                        "metadata",
                                                        "max_tokens",
                                                        "thinking",
                                                        "stream",
                                                        "temperature",
                                                        "top_p",
                                                        "top_k",
                                                        "stop_sequences",
                                                        "service_tier",
                                                        "container",
                                                        "cache_control",
                                                        "output_config",
                                                        "inference_geo",
                                                        "context_management",
                                                        "speed",
                                                        "diagnostics",
                                                        "mcp_servers",
                                                        "fallbacks",
                                                        "safeguards"};

// Fields that only a beta permits.
struct Gate {
  std::string_view field;
  std::array<std::string_view, 2> betas;
};

constexpr std::array<Gate, 6> gates{
    {{"context_management", {"context-management-2025-06-27", "compact-2026-01-12"}},
     {"speed", {"fast-mode-2026-02-01", "fast-mode-2026-02-01"}},
     {"diagnostics", {"cache-diagnosis-2026-04-07", "cache-diagnosis-2026-04-07"}},
     {"mcp_servers", {"mcp-client-2025-04-04", "mcp-client-2025-11-20"}},
     {"fallbacks", {"server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01"}},
     {"safeguards", {"dangerous-tool-use-2026-09-03", "afk-mode-2026-01-31"}}}};

Refusal check_fields(const Subject& subject) {
  for (const auto& [name, value] : subject.body)
    if (std::find(known_fields.begin(), known_fields.end(), name) == known_fields.end()) return extra_input(name);
  for (const auto& gate : gates)
    if (subject.body.contains(gate.field) && !subject.has_beta({gate.betas[0], gate.betas[1]}))
      return extra_input(gate.field);
  return std::nullopt;
}

bool forces_tool(const json::object& body) {
  const auto* choice = find_object(body, "tool_choice");
  const auto type = choice ? string_or_empty(*choice, "type") : std::string_view{};
  return type == "any" || type == "tool";
}

bool has_format(const json::object& body) {
  const auto* config = find_object(body, "output_config");
  return config && is_set(*config, "format");
}

// max_tokens 0 only warms the cache.
Refusal check_prewarm(const json::object& body) {
  if (find_bool(body, "stream")) return invalid_request("max_tokens: 0 is not allowed when `stream` is true");
  if (has_format(body)) return invalid_request("max_tokens: 0 is not allowed with `output_config.format`");
  if (forces_tool(body)) return invalid_request("max_tokens: 0 is not allowed when tool_choice forces tool use");
  return std::nullopt;
}

Refusal check_max_tokens(const Subject& subject) {
  if (subject.kind.count_only) return std::nullopt;
  const auto* value = find(subject.body, "max_tokens");
  if (!value) return invalid_request("max_tokens: Field required");
  const auto number = as_integer(*value);
  if (!number) return invalid_request("max_tokens: Input should be a valid integer");
  if (*number < 0) return invalid_request("max_tokens: Input should be greater than or equal to 0");
  if (*number == 0) return check_prewarm(subject.body);
  if (*number > subject.model.max_output)
    return invalid_request("max_tokens: " + std::to_string(*number) + " > " + std::to_string(subject.model.max_output) +
                           ", which is the maximum allowed number of output tokens for " + subject.model.id);
  return std::nullopt;
}

Refusal check_stop_sequences(const Subject& subject) {
  const auto* value = find(subject.body, "stop_sequences");
  if (!value || value->is_null()) return std::nullopt;
  const auto* list = value->if_array();
  if (!list) return invalid_request("stop_sequences: Input should be a valid list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* text = (*list)[i].if_string();
    if (!text) return invalid_request("stop_sequences." + std::to_string(i) + ": Input should be a valid string");
    if (view(*text).find_first_not_of(" \t\r\n") == std::string_view::npos)
      return invalid_request("stop_sequences: each stop sequence must contain non-whitespace");
  }
  return std::nullopt;
}

Refusal check_stream(const Subject& subject) {
  const auto* value = find(subject.body, "stream");
  if (value && !value->is_bool() && !value->is_null())
    return invalid_request("stream: Input should be a valid boolean");
  return std::nullopt;
}

Refusal check_speed(const Subject& subject) {
  const auto speed = find_string(subject.body, "speed");
  if (!speed) return std::nullopt;
  if (*speed != "fast" && *speed != "standard") return invalid_request("speed: Input should be 'standard' or 'fast'");
  const bool silently_standard = subject.model.id == "claude-opus-4-6";
  if (*speed == "fast" && !subject.model.fast_prices && !silently_standard)
    return invalid_request("'" + subject.model.id + "' does not support the `speed` parameter.");
  return std::nullopt;
}

Refusal check_context_management(const Subject& subject) {
  const auto* management = find_object(subject.body, "context_management");
  const auto* edits = management ? find_array(*management, "edits") : nullptr;
  for (std::size_t i = 0; edits && i < edits->size(); ++i) {
    const auto path = "context_management.edits." + std::to_string(i);
    const auto* edit = (*edits)[i].if_object();
    const auto type = edit ? string_or_empty(*edit, "type") : std::string_view{};
    if (type == "compact_20260112") {
      if (!subject.has_beta({"compact-2026-01-12"}) || !subject.model.compaction) return extra_input(path);
      const auto* trigger = find_object(*edit, "trigger");
      constexpr std::int64_t least = 50'000;
      if (trigger && find_integer(*trigger, "value").value_or(least) < least)
        return invalid_request(path + ".trigger.value: Input should be greater than or equal to 50000");
    } else if (type != "clear_tool_uses_20250919" && type != "clear_thinking_20251015") {
      return invalid_request(
          path + ": Input tag '" + std::string(type) +
          "' found using 'type' does not match any of the expected tags: 'clear_tool_uses_20250919', "
          "'clear_thinking_20251015', 'compact_20260112'");
    }
  }
  return std::nullopt;
}

Refusal check_fallbacks(const Subject& subject) {
  const auto* value = find(subject.body, "fallbacks");
  if (!value || value->is_null()) return std::nullopt;
  const auto* list = value->if_array();
  if (!list) return invalid_request("fallbacks: Input should be a valid list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto path = "fallbacks." + std::to_string(i) + ".model";
    const auto* entry = (*list)[i].if_object();
    const auto id = entry ? find_string(*entry, "model") : std::nullopt;
    if (!id) return invalid_request(path + ": Field required");
    if (!ModelTable::builtin().find(*id)) return invalid_request(path + ": unknown model " + std::string(*id));
  }
  return std::nullopt;
}

}  // namespace

Refusal validate_top_level(const Subject& subject) {
  for (const auto rule : {check_fields, check_max_tokens, check_stop_sequences, check_stream, check_speed,
                          check_context_management, check_fallbacks})
    if (auto refusal = rule(subject)) return refusal;
  return std::nullopt;
}

}  // namespace sim
