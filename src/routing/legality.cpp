#include "routing/legality.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "message/classify.h"
#include "routing/effort.h"

namespace distiq {
namespace {

constexpr std::uint64_t kContextMarginPermille = 1050;  // our token counts are estimates
constexpr std::uint64_t kMinBytesPerToken = 2;          // where nothing better is known; never too few tokens

std::string needs(const ModelInfo& target, std::string_view what) {
  return fmt::format("{} is not known to take {}", target.id, what);
}

// ---- betas: what each needs of the target

struct BetaNeed {
  std::string_view prefix;                // the date behind it may change
  std::optional<ModelFeature> feature{};  // absent: it asks nothing of the model
};

constexpr std::array kBetas = {
    BetaNeed{"per-turn-control-", ModelFeature::message_output_config},
    BetaNeed{"mid-conversation-output-config-", ModelFeature::message_output_config},
    BetaNeed{"mid-conversation-tool-changes-", ModelFeature::mid_conversation_tools},
    BetaNeed{"mid-conversation-system-", ModelFeature::system_messages},
    BetaNeed{"context-management-", ModelFeature::context_management},
    BetaNeed{"compact-", ModelFeature::compaction},
    BetaNeed{"advanced-tool-use-", ModelFeature::tool_search},
    BetaNeed{"structured-outputs-", ModelFeature::structured_outputs},
    BetaNeed{"task-budgets-", ModelFeature::task_budgets},
    BetaNeed{"claude-code-20"},
    BetaNeed{"claude-code-side-query-"},
    BetaNeed{"oauth-"},
    BetaNeed{"interleaved-thinking-"},
    BetaNeed{"redact-thinking-"},
    BetaNeed{"thinking-token-count-"},
    BetaNeed{"extended-cache-ttl-"},
    BetaNeed{"prompt-caching-scope-"},
    BetaNeed{"cache-diagnosis-"},
    BetaNeed{"fallback-credit-"},
    BetaNeed{"fast-mode-"},  // what counts is the body's speed
    BetaNeed{"effort-"},     // what counts is the body's output_config; the beta alone is accepted
};

// Requests under these are a matter of safety, of another server's state, or of a model chosen by the server.
constexpr std::array<std::string_view, 6> kUnmovableBetas = {
    "afk-mode-", "dangerous-tool-use-", "mcp-client-", "code-execution-", "skills-", "server-side-fallback-"};

std::string check_beta(std::string_view beta, const ModelInfo& requested, const ModelInfo& target) {
  const auto starts = [&](std::string_view prefix) { return beta.starts_with(prefix); };
  if (std::ranges::any_of(kUnmovableBetas, starts)) return fmt::format("the beta {} is never moved", beta);
  const auto known = std::ranges::find_if(kBetas, [&](const BetaNeed& need) { return starts(need.prefix); });
  if (known == kBetas.end()) {
    const bool same = !target.generation.empty() && target.generation == requested.generation;
    return same ? "" : needs(target, fmt::format("the beta {}", beta));
  }
  if (!known->feature.has_value() || target.has(*known->feature)) return {};
  return needs(target, fmt::format("the beta {}", beta));
}

std::string check_betas(const RequestHead& head, const ModelInfo& requested, const ModelInfo& target) {
  for (const HeaderList::Field field : head.headers) {
    if (!equals_ignore_case(field.name, "anthropic-beta")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      std::string_view beta = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      while (beta.starts_with(' ') || beta.starts_with('\t')) beta.remove_prefix(1);
      while (beta.ends_with(' ') || beta.ends_with('\t')) beta.remove_suffix(1);
      if (beta.empty()) continue;
      if (std::string problem = check_beta(beta, requested, target); !problem.empty()) return problem;
    }
  }
  return {};
}

// ---- the body, field by field; each returns what speaks against the target

std::string check_thinking(const RequestView& view, const ModelInfo& target) {
  if (view.thinking.type == JsonType::absent || view.thinking.type == JsonType::null) return {};
  const std::string form = view.text(view.thinking_type);
  if (form.empty() || !target.accepts_thinking(form)) return needs(target, fmt::format("thinking \"{}\"", form));
  const bool is_off = form == "disabled" || form == "between_tools";
  if (!is_off || target.max_effort_without_thinking.empty()) return {};
  const std::string asked = effort_of(view);
  const std::string_view level = asked.empty() ? std::string_view(target.default_effort) : asked;
  if (effort_rank(level) <= effort_rank(target.max_effort_without_thinking)) return {};
  return needs(target, fmt::format("thinking \"{}\" at effort {}", form, level));
}

std::string check_efforts(const RequestView& view, const ModelInfo& target) {
  if (view.effort.present() && !target.accepts_effort(view.text(view.effort))) {
    return needs(target, fmt::format("effort \"{}\"", view.text(view.effort)));
  }
  for (const Message& message : view.messages) {
    if (message.role == Role::system && !target.has(ModelFeature::system_messages)) {
      return needs(target, "system messages");
    }
    if (!message.output_config.present()) continue;
    if (!target.has(ModelFeature::message_output_config)) return needs(target, "output_config on a message");
    const JsonValue level = message_effort(view, message);
    if (level.present() && !target.accepts_effort(view.text(level))) {
      return needs(target, fmt::format("effort \"{}\" on a message", view.text(level)));
    }
  }
  return {};
}

// 1, 1.0, 1.00: the default.
bool is_one(std::string_view number) {
  if (!number.starts_with('1')) return false;
  number.remove_prefix(1);
  return number.empty() ||
         (number.size() > 1 && number[0] == '.' && number.find_first_not_of('0', 1) == std::string_view::npos);
}

bool is_given(const JsonValue& value) {
  return value.present() && value.type != JsonType::null;
}

std::string check_sampling(const RequestView& view, const ModelInfo& target) {
  if (target.has(ModelFeature::sampling)) return {};
  const bool heated = is_given(view.temperature) && !is_one(view.raw(view.temperature));
  return heated || is_given(view.top_p) || is_given(view.top_k) ? needs(target, "sampling parameters") : "";
}

std::string check_tools(const RequestView& view, const ModelInfo& target) {
  for (const Tool& tool : view.tools) {
    if (tool.defer_loading && !target.has(ModelFeature::tool_search)) return needs(target, "deferred tools");
    if (!is_given(tool.type_name) || view.equals(tool.type_name, "custom")) continue;
    const std::string type = view.text(tool.type_name);
    if (type.starts_with("tool_search_tool_") && target.has(ModelFeature::tool_search)) continue;
    if (std::ranges::find(target.computer_tools, type) != target.computer_tools.end()) continue;
    return needs(target, fmt::format("the tool type {}", type));
  }
  const bool is_forced = view.equals(view.tool_choice_type, "any") || view.equals(view.tool_choice_type, "tool");
  if (is_forced && !target.has(ModelFeature::forced_tool_choice)) return needs(target, "a forced tool_choice");
  return {};
}

std::string check_features(const RequestView& view, const ModelInfo& target) {
  const auto lacks = [&](ModelFeature feature) { return !target.has(feature); };
  if (!view.messages.empty() && view.messages.back().role == Role::assistant && lacks(ModelFeature::prefill)) {
    return needs(target, "a prefilled answer");
  }
  if (is_given(view.context_management)) {
    if (lacks(ModelFeature::context_management)) return needs(target, "context_management");
    const bool compacts = view.raw(view.context_management).find("\"compact_") != std::string_view::npos;
    if (compacts && lacks(ModelFeature::compaction)) return needs(target, "server-side compaction");
  }
  if (is_given(view.output_format) && lacks(ModelFeature::structured_outputs)) {
    return needs(target, "structured outputs");
  }
  const bool has_budget = view.raw(view.output_config).find("\"task_budget\"") != std::string_view::npos;
  if (has_budget && lacks(ModelFeature::task_budgets)) return needs(target, "a task budget");
  const bool is_standard = !is_given(view.speed) || view.equals(view.speed, "standard");
  if (!is_standard && !target.fast.has_value()) return needs(target, "fast mode");
  const bool names_place = is_given(view.inference_geo) && !view.equals(view.inference_geo, "global");
  if (names_place && !target.priced_by_geography) return needs(target, "inference_geo");
  return {};
}

std::string check_sizes(const RequestView& view, const ModelInfo& target, std::uint64_t prompt_tokens) {
  const std::uint64_t answer = view.max_tokens_value().value_or(0);
  if (answer > target.max_output_tokens) return needs(target, fmt::format("max_tokens {}", answer));
  if (prompt_tokens == 0) prompt_tokens = view.body.size() / kMinBytesPerToken;
  if (prompt_tokens * kContextMarginPermille / 1000 + answer > target.context_tokens) {
    return needs(target, fmt::format("about {} tokens of prompt beside the answer", prompt_tokens));
  }
  return {};
}

bool carries_check_value(const RequestView& view) {
  const JsonValue line = view.system.is_string()                           ? view.system
                         : view.system_first_block < view.system_end_block ? view.blocks[view.system_first_block].text
                                                                           : JsonValue{};
  return is_billing_line(view, line) && view.inner(line).find("cch=") != std::string_view::npos;
}

}  // namespace

std::string why_untouchable(const RequestView& view) {
  if (view.has_duplicate_keys) return "a key stands twice: the server may read another one than we do";
  if (carries_check_value(view)) return "the client signs its requests (cch)";
  if (!view.model.is_string()) return "no model is named";
  return {};
}

std::string why_unmovable(const RequestView& view) {
  if (is_given(view.safeguards)) return "auto mode: the model that judges safety is not changed";
  if (is_given(view.fallbacks)) return "the request names its own fallback models";
  if (is_given(view.container)) return "it runs in a container of the server";
  if (is_given(view.mcp_servers)) return "the server calls MCP servers for it";
  return {};
}

Legality check_target(const RequestView& view, const RequestHead& head, const ModelInfo& requested,
                      const ModelInfo& target, std::uint64_t prompt_tokens) {
  const auto illegal = [](std::string because) { return Legality{.legal = false, .because = std::move(because)}; };
  if (std::string why = why_untouchable(view); !why.empty()) return illegal(std::move(why));
  if (target.id == requested.id) return {};
  if (std::string why = why_unmovable(view); !why.empty()) return illegal(std::move(why));
  if (target.retired) return illegal(fmt::format("{} is retired", target.id));
  for (std::string problem : {check_thinking(view, target), check_efforts(view, target), check_sampling(view, target),
                              check_tools(view, target), check_features(view, target),
                              check_sizes(view, target, prompt_tokens), check_betas(head, requested, target)}) {
    if (!problem.empty()) return illegal(std::move(problem));
  }
  return {};
}

}  // namespace distiq
