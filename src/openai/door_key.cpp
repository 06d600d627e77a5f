#include "openai/door_key.h"

namespace distiq {
namespace {

ChatError unauthorized(std::string message) {
  return {.status = 401,
          .type = "invalid_request_error",
          .message = std::move(message),
          .param = {},
          .code = "invalid_api_key"};
}

}  // namespace

bool is_local_token(std::string_view credential, const DoorKeys& keys) {
  return (!keys.proxy_token.empty() && keys.proxy_token.equals(credential)) ||
         (!keys.control_key.empty() && keys.control_key.equals(credential));
}

bool is_api_key(std::string_view credential) {
  return credential.starts_with("sk-ant-api");
}

bool is_subscription_token(std::string_view credential) {
  return credential.starts_with("sk-ant-") && !is_api_key(credential);
}

std::string_view caller_credential(const RequestHead& head) {
  std::string_view field = head.headers.get_or("authorization", "");
  constexpr std::string_view scheme = "bearer ";
  if (field.size() > scheme.size() && equals_ignore_case(field.substr(0, scheme.size()), scheme)) {
    field.remove_prefix(scheme.size());
    while (field.starts_with(' ')) field.remove_prefix(1);
    return field;
  }
  return head.headers.get_or("x-api-key", "");
}

std::expected<DoorGrant, ChatError> choose_payer(const RequestHead& head, const DoorKeys& keys) {
  const std::string_view credential = caller_credential(head);
  if (is_subscription_token(credential)) {
    return std::unexpected(
        unauthorized("A Claude subscription's token cannot be used at the OpenAI endpoint. Use an Anthropic API key "
                     "(sk-ant-api...), "
                     "or turn on the claude CLI backend (OPENAI_BACKEND=cli)."));
  }
  if (is_api_key(credential)) return DoorGrant{.cli = false, .api_key = Secret(std::string(credential))};
  if (!is_local_token(credential, keys) && !is_local_token(head.headers.get_or("x-distiq-token", ""), keys)) {
    return std::unexpected(
        unauthorized("Send an Anthropic API key (sk-ant-api...) as the API key, or this proxy's own token: "
                     "PROXY_TOKEN, or control.key of "
                     "its state folder in hexadecimal digits."));
  }
  if (keys.use_cli) return DoorGrant{.cli = true, .api_key = {}};
  if (!keys.environment_key.empty()) return DoorGrant{.cli = false, .api_key = keys.environment_key};
  return std::unexpected(
      unauthorized("This proxy has no API key to use: start it with ANTHROPIC_API_KEY, set OPENAI_BACKEND=cli, or send "
                   "an Anthropic API "
                   "key yourself."));
}

}  // namespace distiq
