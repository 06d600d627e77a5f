// Who pays for a request at the OpenAI door: decides from the caller's credential alone, so that nothing that was seen
// at the Anthropic door can be used here. Pure; any thread.
#pragma once

#include <expected>
#include <vector>

#include "base/secret.h"
#include "http/exchange.h"
#include "openai/chat_error.h"

namespace distiq {

struct DoorKeys {
  Secret environment_key;            // an API key lent to callers with a local token; empty: none
  std::vector<Secret> local_tokens;  // PROXY_TOKEN and the key in control.key; empty ones count for nothing
  bool use_cli = false;              // callers with a local token go to the user's claude CLI
};

struct DoorGrant {
  bool cli = false;
  Secret api_key;  // for x-api-key; empty with `cli`
};

// Errors: 401. An API key of Anthropic's (sk-ant-api...) is used as it is; a subscription's token never, wherever it
// comes from.
[[nodiscard]] std::expected<DoorGrant, ChatError> choose_payer(const RequestHead& head, const DoorKeys& keys);

// The token of "Authorization: Bearer ...", else x-api-key; empty if there is neither.
[[nodiscard]] std::string_view caller_credential(const RequestHead& head);

// One of keys.local_tokens.
[[nodiscard]] bool is_local_token(std::string_view credential, const DoorKeys& keys);
[[nodiscard]] bool is_api_key(std::string_view credential);
// Anthropic's, but no API key.
[[nodiscard]] bool is_subscription_token(std::string_view credential);

}  // namespace distiq
