#include "pipeline/handle_messages.h"

#include <array>

#include "message/request_scanner.h"
#include "pipeline/forward.h"
#include "pipeline/request_bytes.h"

namespace distiq {
namespace {

constexpr std::string_view messages_path = "/v1/messages";
constexpr std::string_view count_tokens_path = "/v1/messages/count_tokens";

// Who asked and for what; for the record only.
void identify(const RequestHead& head, std::string_view body, ExchangeLog& log) {
  const auto view = scan_request(body);
  const RequestView* known = view ? &*view : nullptr;
  log.identified(identify_lane(head, known), head, known);
}

}  // namespace

bool is_messages_path(const RequestHead& head) {
  return head.method == "POST" && (head.path() == messages_path || head.path() == count_tokens_path);
}

HeaderList answer_fields(const ExchangeLog& log) {
  HeaderList fields;
  fields.add("x-distiq-id", log.id());
  return fields;
}

Task<Disposition> handle_messages(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                                  ExchangeLog& log) {
  auto body = co_await client.read_body(services.max_body_bytes);
  if (!body) co_return co_await answer_error(client, body.error(), log);
  const MonotonicTime complete_at = services.clock.monotonic();
  log.request_was((*body)->bytes().size());

  Cancellation cancellation;
  client.watch(cancellation);

  const std::string head = upstream_request_head(client.head(), services.target, client.body_framing());
  const RequestBytes request(head, (*body)->bytes(), client.body_framing());
  log.sending(complete_at);
  auto exchange = co_await forward(upstream, services.clock, request.parts(), /*request_is_head=*/false, cancellation);
  if (!exchange) {
    identify(client.head(), (*body)->bytes(), log);
    co_return co_await answer_error(client, exchange.error(), log);
  }
  log.answer_began((*exchange)->head());

  const auto streaming = services.metrics.hold_stream();
  UsageMeter meter((*exchange)->head());
  const AnswerObserver observer = [&meter](std::string_view content) { meter.observe(content); };
  AnswerRelay relay(**exchange, client, cancellation, answer_fields(log), observer);
  co_await relay.start();

  // The client has the start of its answer: now there is time to look at the request, and then to let go of it.
  identify(client.head(), (*body)->bytes(), log);
  if ((*exchange)->sent()) body->reset();

  co_await relay.run();
  cancellation.clear_hook();
  co_await (*exchange)->settle();
  log.relayed(relay, meter.finish(relay.ended_cleanly()));
  co_return relay.disposition();
}

}  // namespace distiq
