#include "rules/validate.h"

#include <array>
#include <boost/json.hpp>

#include "rules/validate_parts.h"

namespace sim {
namespace {

constexpr std::array<std::string_view, 3> versions{"2023-01-01", "2023-06-01", "2026-10-21"};

std::int64_t window_of(const Model& model, const BetaSet& betas) {
  constexpr std::int64_t wide = 1'000'000;
  return !model.window_beta.empty() && betas.contains(model.window_beta) ? wide : model.window;
}

}  // namespace

bool Subject::has_beta(std::initializer_list<std::string_view> names) const {
  if (!kind.check_betas) return true;
  for (const auto name : names)
    if (betas.contains(name)) return true;
  return false;
}

Refusal extra_input(std::string_view path) {
  return invalid_request(std::string(path) + ": Extra inputs are not permitted");
}

std::optional<ApiError> validate_headers(const HeaderList& headers, const RequestKind& kind) {
  const auto version = find_header(headers, "anthropic-version");
  if (version.empty()) return invalid_request("anthropic-version: header is required");
  bool known = false;
  for (const auto name : versions) known = known || name == version;
  if (!known)
    return invalid_request(
        "anthropic-version: \"" + std::string(version) +
        "\" is not a valid version. For more information on versioning, please refer to the documentation.");
  return kind.check_betas ? validate_betas(read_betas(headers)) : std::nullopt;
}

std::optional<ApiError> validate_body(const boost::json::object& body, const Model& model, const BetaSet& betas,
                                      const RequestKind& kind) {
  static constexpr std::array<Refusal (*)(const Subject&), 8> rules{
      validate_top_level, validate_thinking, validate_output_config, validate_sampling,
      validate_tools,     validate_messages, validate_pairing,       validate_cache_control};
  const Subject subject{body, model, betas, kind};
  for (const auto rule : rules)
    if (auto refusal = rule(subject)) return refusal;
  return std::nullopt;
}

std::optional<ApiError> validate_size(std::int64_t prompt_tokens, std::int64_t max_tokens, const Model& model,
                                      const BetaSet& betas) {
  const auto window = window_of(model, betas);
  const auto prompt = std::to_string(prompt_tokens);
  if (prompt_tokens > window)
    return invalid_request("prompt is too long: " + prompt + " tokens > " + std::to_string(window) + " maximum");
  if (prompt_tokens + max_tokens > window)
    return invalid_request("input length and `max_tokens` exceed context limit: " + prompt + " + " +
                           std::to_string(max_tokens) + " > " + std::to_string(window) +
                           ", decrease input length or `max_tokens` and try again");
  return std::nullopt;
}

}  // namespace sim
