#include "pipeline/handle_request.h"

#include "message/error_body.h"
#include "openai/model_list.h"
#include "pipeline/exchange_log.h"
#include "pipeline/handle_chat_completions.h"
#include "pipeline/handle_messages.h"
#include "pipeline/messages_head.h"
#include "pipeline/pass_through.h"

namespace distiq {
namespace {

Task<Disposition> answer_locally(ClientExchange& client, const LocalAnswer& answer) {
  const bool keep_alive = client.keep_alive() && client.body_ended();
  const std::string bytes = local_response(answer.status, answer.content_type, answer.body, keep_alive,
                                           client.head().method == "HEAD", answer.fields);
  const std::string_view part = bytes;
  const auto written = co_await client.write(std::span(&part, 1)).task();
  co_return written&& keep_alive ? Disposition::keep_alive : Disposition::close;
}

// Never passed on: what is meant for us must not reach anybody else.
Task<Disposition> run_command(const PipelineServices& services, ClientExchange& client, ExchangeLog& log) {
  const auto body = co_await client.read_body(max_command_bytes).task();
  if (!body) co_return co_await answer_error(client, body.error(), log);
  co_return co_await answer_locally(client, services.command(client.head(), (*body)->bytes()));
}

// Whether the head alone forbids it.
std::optional<Error> refusal_of(const PipelineServices& services, const RequestHead& head, bool is_openai) {
  if (is_openai) return refuse_request(with_bearer_as_token(head), services.guards);
  auto refusal = refuse_request(head, services.guards);
  if (!refusal && services.openai != nullptr) refusal = refuse_local_key(head, *services.openai);
  return refusal;
}

}  // namespace

std::string error_response(const Error& error, std::string_view request_id, bool keep_alive, bool head_only,
                           ErrorLanguage language) {
  HeaderList fields;
  fields.add("x-distiq-id", request_id);
  return local_response(error_status(error.kind).http_status, "application/json",
                        error_body(error, request_id, language), keep_alive, head_only, fields);
}

Task<Disposition> answer_error(ClientExchange& client, const Error& error, ExchangeLog& log) {
  log.failed(error);
  if (error.kind == ErrorKind::client_gone || error.kind == ErrorKind::cancelled) co_return Disposition::close;
  const bool keep_alive = client.keep_alive() && client.body_ended();
  const std::string bytes =
      error_response(error, log.id(), keep_alive, client.head().method == "HEAD", log.error_language());
  const std::string_view part = bytes;
  const auto written = co_await client.write(std::span(&part, 1)).task();
  co_return written&& keep_alive ? Disposition::keep_alive : Disposition::close;
}

Task<Disposition> handle_request(const PipelineServices& services, ClientExchange& client,
                                 UpstreamConnector& upstream) {
  // What came with this head before was admitted, and is none of the many things below.
  const bool is_known = MessagesHead::is_known(client);
  const bool is_chat = !is_known && services.openai != nullptr && is_chat_path(client.head());
  const bool is_list = !is_known && services.openai != nullptr && asks_openai_models(client.head());
  const bool is_openai = is_chat || is_list;
  const auto refusal = is_known ? std::nullopt : refusal_of(services, client.head(), is_openai);
  const bool is_new = !is_known && !refusal;
  if (is_new && is_list) {
    const auto list = openai_models(client.head(), services.openai->models);
    const LocalAnswer answer{.status = list.status, .content_type = "application/json", .body = list.body};
    co_return co_await answer_locally(client, answer);
  }
  if (is_new) {
    if (const auto local = services.local_routes(client.head())) co_return co_await answer_locally(client, *local);
  }
  if (is_new && services.events != nullptr && services.events->is_asked(client.head())) {
    co_return co_await stream_events(*services.events, client);
  }
  ExchangeLog log(services, client);
  if (is_new && client.head().path().starts_with(command_prefix)) {
    co_return co_await run_command(services, client, log);
  }
  Disposition disposition = Disposition::close;
  try {
    if (refusal && is_openai) {
      disposition = co_await answer_chat_error(client, *refusal, log);
    } else if (refusal) {
      disposition = co_await answer_error(client, *refusal, log);
    } else if (is_chat) {
      disposition = co_await handle_chat_completions(services, *services.openai, client, upstream, log);
    } else if (is_known || is_messages_path(client.head())) {
      disposition = co_await handle_messages(services, client, upstream, log);
    } else {
      disposition = co_await pass_through(services, client, upstream, log);
    }
  } catch (const std::exception& failure) {
    // Out of memory, at worst. The connection ends; the record says why.
    log.failed({ErrorKind::internal, failure.what(), {}});
  }
  log.book();
  co_return disposition;
}

}  // namespace distiq
