// POST /v1/messages and /v1/messages/count_tokens: the requests we understand. scan -> plan -> edit -> forward ->
// relay. Where nobody decides the scan waits until it delays nobody. The answer to an edited request is held until it
// is known to be one; if it is not, the original is sent, once. Runs on the io thread of its session.
#pragma once

#include "pipeline/exchange_log.h"

namespace distiq {

[[nodiscard]] bool is_messages_path(const RequestHead& head);

Task<Disposition> handle_messages(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                                  ExchangeLog& log);

// Shared with pass_through: answers with our own error, in Anthropic's form.
Task<Disposition> answer_error(ClientExchange& client, const Error& error, ExchangeLog& log);

// Our fields on every answer, as lines of its head.
[[nodiscard]] std::string answer_fields(ExchangeLog& log);

}  // namespace distiq
