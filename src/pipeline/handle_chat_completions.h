// The OpenAI door: POST /v1/chat/completions is translated and then handled as POST /v1/messages, or answered by the
// user's claude CLI; GET /v1/models without anthropic-version gets OpenAI's list. Runs on the io thread of its session.
#pragma once

#include <functional>

#include "claude_cli/claude_cli.h"
#include "money/price_table.h"
#include "openai/door_key.h"
#include "openai/model_names.h"
#include "pipeline/exchange_log.h"

namespace distiq {

// Outlives the server.
struct OpenAiDoor {
  const PriceTable& models;
  ModelMap map;
  DoorKeys keys;
  // The CLI, once it can be used; null: not now. Any thread.
  std::function<ClaudeCli*()> cli;
};

[[nodiscard]] bool is_chat_path(const RequestHead& head);

// This path's callers may send PROXY_TOKEN as the API key, which is all that OpenAI's clients can send.
[[nodiscard]] RequestHead with_bearer_as_token(const RequestHead& head);

// The control key as the credential of another path would go on to the API: it is refused instead. (PROXY_TOKEN alone
// does not pass the guards there.)
[[nodiscard]] std::optional<Error> refuse_local_key(const RequestHead& head, const OpenAiDoor& door);

// Answers with an error of ours in OpenAI's form.
Task<Disposition> answer_chat_error(ClientExchange& client, const Error& error, ExchangeLog& log);

Task<Disposition> handle_chat_completions(const PipelineServices& services, const OpenAiDoor& door,
                                          ClientExchange& client, UpstreamConnector& upstream, ExchangeLog& log);

}  // namespace distiq
