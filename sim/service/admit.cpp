#include <boost/json.hpp>

#include "base/json_fields.h"
#include "rules/api_error.h"
#include "service/turn.h"

namespace sim {
namespace {

namespace json = boost::json;

constexpr std::string_view played_for_unknown = "claude-opus-5-5";

using Refusal = std::optional<ApiError>;

Refusal check_credential(const World& world, const Request& request, Turn& turn) {
  turn.credential = read_credential(request.headers);
  if (!turn.credential.present) return ApiError{401, "authentication_error", "x-api-key header is required"};
  if (turn.credential.subscriber && world.config.betas == BetaCheck::strict &&
      !read_betas(request.headers).contains("oauth-2025-04-20"))
    return ApiError{401, "authentication_error", "OAuth authentication is currently not supported."};
  if (world.config.api_key.empty()) return std::nullopt;
  const auto bearer = "Bearer " + world.config.api_key;
  if (request.header("x-api-key") == world.config.api_key || request.header("authorization") == bearer)
    return std::nullopt;
  return ApiError{401, "authentication_error",
                  has_header(request.headers, "x-api-key") ? "invalid x-api-key" : "Invalid bearer token"};
}

Refusal parse_body(const Request& request, Turn& turn) {
  if (request.body_bytes > max_message_bytes)
    return ApiError{413, "request_too_large", "Request exceeds the maximum size"};
  boost::system::error_code failed;
  turn.document = parse_json(request.body, failed);
  if (failed) return invalid_request("The request body is not valid JSON: " + failed.message());
  turn.body = turn.document.if_object();
  if (!turn.body) return invalid_request("Input should be a valid dictionary or object to extract fields from");
  return std::nullopt;
}

Refusal find_model(const World& world, Turn& turn) {
  const auto id = find_string(*turn.body, "model");
  if (!id)
    return invalid_request(turn.body->contains("model") ? "model: Input should be a valid string"
                                                        : "model: Field required");
  turn.model = ModelTable::builtin().find(*id);
  turn.shown_model = turn.model ? turn.model->id : std::string(*id);  // an alias is answered by what it stands for
  if (!turn.model && world.config.unknown_models == UnknownModels::accept)
    turn.model = ModelTable::builtin().find(played_for_unknown);
  if (!turn.model) return ApiError{404, "not_found_error", "model: " + turn.shown_model};
  return std::nullopt;
}

bool keeps_all_thinking(const json::object& body) {
  const auto* management = find_object(body, "context_management");
  const auto* edits = management ? find_array(*management, "edits") : nullptr;
  for (std::size_t i = 0; edits && i < edits->size(); ++i)
    if (const auto* edit = (*edits)[i].if_object())
      if (string_or_empty(*edit, "type") == "clear_thinking_20251015" && string_or_empty(*edit, "keep") == "all")
        return true;
  return false;
}

OnMismatch on_mismatch(const Turn& turn) {
  const auto* thinking = find_object(*turn.body, "thinking");
  const auto* binding = thinking ? find_object(*thinking, "block_binding") : nullptr;
  const bool drop = binding && string_or_empty(*binding, "prefix_mismatch_behavior") == "drop_block";
  return drop && turn.betas.contains("thinking-binding-controls-2026-08-01") ? OnMismatch::drop : OnMismatch::reject;
}

Refusal check_thinking(World& world, Turn& turn) {
  turn.signatures = check_signatures(turn.prompt, *turn.model,
                                     {.secret = world.signature_secret,
                                      .account = turn.credential.account,
                                      .prefix_check = world.config.prefix_check,
                                      .on_mismatch = on_mismatch(turn),
                                      .keep_all_turns = keeps_all_thinking(*turn.body)});
  const std::lock_guard lock(world.mutex);
  world.counters.own_signatures += turn.signatures.own;
  world.counters.foreign_signatures += turn.signatures.foreign;
  world.counters.dropped_thinking += static_cast<std::int64_t>(turn.signatures.drops.size());
  if (turn.signatures.error) return invalid_request(*turn.signatures.error);
  return std::nullopt;
}

// Betas that change nothing about how a prompt is read.
std::string cache_relevant(const BetaSet& betas) {
  static const BetaSet neutral{"fallback-credit-2026-06-01",
                               "extended-cache-ttl-2025-04-11",
                               "token-counting-2024-11-01",
                               "cache-diagnosis-2026-04-07",
                               "oauth-2025-04-20",
                               "thinking-binding-controls-2026-08-01",
                               "fine-grained-tool-streaming-2025-05-14",
                               "prompt-caching-2024-07-31"};
  std::string out;
  for (const auto& beta : betas)
    if (!neutral.contains(beta)) out += beta + ",";
  return out;
}

}  // namespace

Credential read_credential(const HeaderList& headers) {
  const auto key = find_header(headers, "x-api-key");
  const auto authorization = find_header(headers, "authorization");
  Credential credential;
  const auto used = authorization.empty() ? key : authorization;
  credential.present = !used.empty();
  credential.subscriber = authorization.find("sk-ant-oat") != std::string_view::npos;
  credential.account = to_hex(sha256(used.starts_with("Bearer ") ? used.substr(7) : used), 6);
  return credential;
}

std::optional<ApiError> admit(World& world, const Request& request, const RequestKind& kind, Turn& turn) {
  if (auto error = check_credential(world, request, turn)) return error;
  if (auto error = validate_headers(request.headers, kind)) return error;
  if (auto error = parse_body(request, turn)) return error;
  turn.conversation = read_conversation(*turn.body, request.headers);
  if (auto error = find_model(world, turn)) return error;
  turn.betas = read_betas(request.headers);
  if (auto error = validate_body(*turn.body, *turn.model, turn.betas, kind)) return error;
  turn.cache_betas = cache_relevant(turn.betas);
  turn.prompt =
      read_prompt(*turn.body, *turn.model,
                  {.keep_billing_line = world.config.keep_billing_line, .cache_relevant_betas = turn.cache_betas});
  if (auto error = check_thinking(world, turn)) return error;
  turn.prompt_tokens = turn.prompt.tokens();
  const auto max_tokens = kind.count_only ? 0 : find_integer(*turn.body, "max_tokens").value_or(0);
  return validate_size(turn.prompt_tokens, max_tokens, *turn.model, turn.betas);
}

}  // namespace sim
