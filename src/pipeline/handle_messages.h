// POST /v1/messages and /v1/messages/count_tokens: the requests we understand. scan -> decide -> edit -> forward ->
// observe; in this build nothing decides, so nothing is edited and the scan waits until it delays nobody.
// Runs on the io thread of its session.
#pragma once

#include "pipeline/exchange_log.h"

namespace distiq {

[[nodiscard]] bool is_messages_path(const RequestHead& head);

Task<Disposition> handle_messages(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                                  ExchangeLog& log);

// Shared with pass_through: answers with our own error, in Anthropic's form.
Task<Disposition> answer_error(ClientExchange& client, const Error& error, ExchangeLog& log);

// Our fields on every answer.
[[nodiscard]] HeaderList answer_fields(const ExchangeLog& log);

}  // namespace distiq
