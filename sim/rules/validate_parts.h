// The parts of validate_body(), each a list of rules over one part of a request. Pure, any thread.
#pragma once

#include "base/json_fields.h"
#include "rules/validate.h"

namespace sim {

using Refusal = std::optional<ApiError>;

struct Subject {
  const boost::json::object& body;
  const Model& model;
  const BetaSet& betas;
  const RequestKind& kind;

  // True where one of the betas is named, or names are not looked at.
  bool has_beta(std::initializer_list<std::string_view> names) const;
};

Refusal extra_input(std::string_view path);  // "PATH: Extra inputs are not permitted"

Refusal validate_top_level(const Subject& subject);  // known fields, max_tokens, stop sequences, fields behind betas
Refusal validate_thinking(const Subject& subject);
Refusal validate_output_config(const Subject& subject);  // effort, format, task budget
Refusal validate_sampling(const Subject& subject);
Refusal validate_tools(const Subject& subject);     // definitions and tool_choice
Refusal validate_messages(const Subject& subject);  // roles, blocks, prefill
Refusal validate_pairing(const Subject& subject);   // tool_use and tool_result
Refusal validate_cache_control(const Subject& subject);

}  // namespace sim
