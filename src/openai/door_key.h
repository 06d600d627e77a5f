// Who pays for a request at the OpenAI door: decides from the caller's credential alone, so that nothing that was seen
// at the Anthropic door can be used here. Pure; any thread.
#pragma once

#include <expected>

#include "base/secret.h"
#include "http/exchange.h"
#include "openai/chat_error.h"

namespace distiq {

struct DoorKeys {
  Secret environment_key;  // an API key lent to callers with a local token; empty: none
  Secret proxy_token;      // PROXY_TOKEN; empty: none
  Secret control_key;      // of the state folder; empty: none
  bool use_cli = false;    // callers with a local token go to the user's claude CLI
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

// keys.proxy_token or keys.control_key.
[[nodiscard]] bool is_local_token(std::string_view credential, const DoorKeys& keys);
[[nodiscard]] bool is_api_key(std::string_view credential);
// Anthropic's, but no API key.
[[nodiscard]] bool is_subscription_token(std::string_view credential);

}  // namespace distiq
