// thinking, output_config, sampling.
#include "rules/validate_parts.h"

namespace sim {
namespace {

namespace json = boost::json;

bool above_high(const Subject& subject) {
  const auto* config = find_object(subject.body, "output_config");
  const auto level = config ? string_or_empty(*config, "effort") : std::string_view{};
  return level == "xhigh" || level == "max";
}

Refusal unsupported_thinking(std::string_view type, std::string_view hint) {
  return invalid_request("\"thinking.type." + std::string(type) + "\" is not supported for this model." +
                         std::string(hint));
}

Refusal check_budget(const Subject& subject, const json::object& thinking) {
  constexpr std::int64_t least = 1024;
  const auto budget = find_integer(thinking, "budget_tokens");
  if (!budget) return invalid_request("thinking.enabled.budget_tokens: Field required");
  if (*budget < least)
    return invalid_request("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  const auto most = find_integer(subject.body, "max_tokens");
  if (most && *budget >= *most) return invalid_request("`max_tokens` must be greater than `thinking.budget_tokens`.");
  return std::nullopt;
}

Refusal check_enabled(const Subject& subject, const json::object& thinking) {
  if (!subject.model.enabled_thinking)
    return unsupported_thinking(
        "enabled", " Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.");
  return check_budget(subject, thinking);
}

Refusal check_disabled(const Subject& subject) {
  const auto rule = subject.model.disabled_thinking;
  if (rule == DisabledThinking::never)
    return unsupported_thinking(
        "disabled", subject.model.between_tools_thinking ? " Use \"thinking.type.between_tools\" instead." : "");
  if (rule == DisabledThinking::up_to_high && above_high(subject))
    return invalid_request("\"thinking.type.disabled\" is not supported with effort above \"high\" for this model.");
  return std::nullopt;
}

Refusal check_between_tools(const Subject& subject) {
  if (!subject.model.between_tools_thinking) return unsupported_thinking("between_tools", "");
  if (above_high(subject))
    return invalid_request(
        "\"thinking.type.between_tools\" is not supported with effort above \"high\" for this model.");
  return std::nullopt;
}

Refusal check_type(const Subject& subject, const json::object& thinking) {
  const auto type = string_or_empty(thinking, "type");
  if (type == "adaptive") return subject.model.adaptive_thinking ? Refusal{} : unsupported_thinking("adaptive", "");
  if (type == "enabled") return check_enabled(subject, thinking);
  if (type == "disabled") return check_disabled(subject);
  if (type == "between_tools") return check_between_tools(subject);
  return invalid_request("thinking: Input tag '" + std::string(type) +
                         "' found using 'type' does not match any of the expected tags: 'adaptive', 'between_tools', "
                         "'disabled', 'enabled'");
}

Refusal check_display(const Subject& subject, const json::object& thinking) {
  const auto display = find_string(thinking, "display");
  if (!display || *display == "omitted" || *display == "summarized") return std::nullopt;
  if (*display == "updates" && subject.has_beta({"thinking-display-updates-2026-08-18"})) return std::nullopt;
  return invalid_request("thinking." + std::string(string_or_empty(thinking, "type")) +
                         ".display: Input should be 'summarized' or 'omitted'");
}

bool thinks_by_request(const json::object& body) {
  const auto* thinking = find_object(body, "thinking");
  const auto type = thinking ? string_or_empty(*thinking, "type") : std::string_view{};
  return type == "enabled" || type == "adaptive";
}

double number_of(const json::value& value) {
  return value.is_number() ? value.to_number<double>() : -1;
}

}  // namespace

Refusal validate_thinking(const Subject& subject) {
  const auto* value = find(subject.body, "thinking");
  if (!value || value->is_null()) return std::nullopt;
  const auto* thinking = value->if_object();
  if (!thinking)
    return invalid_request("thinking: Input should be a valid dictionary or object to extract fields from");
  if (auto refusal = check_type(subject, *thinking)) return refusal;
  if (thinking->contains("block_binding") && !subject.has_beta({"thinking-binding-controls-2026-08-01"}))
    return extra_input("thinking.block_binding");
  return check_display(subject, *thinking);
}

Refusal validate_output_config(const Subject& subject) {
  const auto* config = find_object(subject.body, "output_config");
  if (!config) return std::nullopt;
  for (const auto& [name, value] : *config)
    if (name != "effort" && name != "format" && name != "task_budget")
      return extra_input("output_config." + std::string(name));
  if (is_set(*config, "effort")) {
    const auto level = string_or_empty(*config, "effort");
    if (subject.model.efforts.empty()) return invalid_request("This model does not support the effort parameter.");
    if (!subject.model.has_effort(level))
      return invalid_request("output_config.effort: '" + std::string(level) +
                             "' is not a supported effort level for this model");
  }
  if (is_set(*config, "format")) {
    const auto* format = find_object(*config, "format");
    if (!subject.model.structured_outputs) return extra_input("output_config.format");
    if (!format || string_or_empty(*format, "type") != "json_schema" || !find_object(*format, "schema"))
      return invalid_request("output_config.format: Input should be {\"type\":\"json_schema\",\"schema\":{...}}");
    const auto& schema = *find_object(*format, "schema");
    if (string_or_empty(schema, "type") == "object" && find_bool(schema, "additionalProperties", true))
      return invalid_request(
          "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false");
  }
  if (is_set(*config, "task_budget")) {
    constexpr std::int64_t least = 20'000;
    if (!subject.has_beta({"task-budgets-2026-03-13"}) || !subject.model.task_budget)
      return extra_input("output_config.task_budget");
    const auto* budget = find_object(*config, "task_budget");
    if (!budget || find_integer(*budget, "total").value_or(0) < least)
      return invalid_request("output_config.task_budget.total: Input should be greater than or equal to 20000");
  }
  return std::nullopt;
}

Refusal validate_sampling(const Subject& subject) {
  const auto& body = subject.body;
  const bool thinks = thinks_by_request(body);
  for (const auto name : {"temperature", "top_p", "top_k"}) {
    if (!is_set(body, name)) continue;
    if (subject.kind.version_2026) return extra_input(name);
    const auto value = number_of(body.at(name));
    if (!body.at(name).is_number()) return invalid_request(std::string(name) + ": Input should be a valid number");
    const bool is_default = name != std::string_view("top_k") && value == 1;
    if (!subject.model.sampling && !is_default)
      return invalid_request("`" + std::string(name) + "` is deprecated for this model.");
    if (name != std::string_view("top_k") && (value < 0 || value > 1))
      return invalid_request(std::string(name) + ": range: 0..1");
    if (thinks && name == std::string_view("temperature") && value != 1)
      return invalid_request("`temperature` may only be set to 1 when thinking is enabled.");
    if (thinks && name == std::string_view("top_k"))
      return invalid_request("`top_k` must be unset when thinking is enabled.");
  }
  if (subject.model.sampling && is_set(body, "temperature") && is_set(body, "top_p"))
    return invalid_request("`temperature` and `top_p` cannot both be specified for this model. Please use only one.");
  return std::nullopt;
}

}  // namespace sim
