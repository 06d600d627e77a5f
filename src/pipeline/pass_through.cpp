#include "pipeline/pass_through.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "http/signal.h"
#include "pipeline/forward.h"
#include "pipeline/handle_messages.h"
#include "pipeline/request_bytes.h"

namespace distiq {
namespace {

// The request body on its way up, while the answer may already be on its way down.
struct Upload {
  std::uint64_t bytes = 0;
  std::optional<Error> client_error;  // the client broke off or its framing is wrong
  bool running = true;
  Signal done;
};

Task<Result<void>> send_piece(UpstreamExchange& exchange, std::string_view piece, bool chunked) {
  if (!chunked) co_return co_await exchange.write(std::span(&piece, 1)).task();
  const std::string header = chunk_header(piece.size());
  const std::array<std::string_view, 3> parts = {header, piece, chunk_end};
  co_return co_await exchange.write(parts).task();
}

Task<void> upload(ClientExchange& client, UpstreamExchange& exchange, Upload& state) {
  const bool chunked = client.body_framing() == BodyFraming::chunked;
  while (true) {
    const auto piece = co_await client.read_piece();
    if (!piece) {
      if (piece.error().kind != ErrorKind::cancelled) state.client_error = piece.error();
      exchange.close();  // half a request must not look like a whole one
      co_return;
    }
    if (piece->empty()) break;
    state.bytes += piece->size();
    const auto sent = co_await send_piece(exchange, *piece, chunked);
    if (!sent) co_return;  // upstream has had enough: its answer says why
  }
  if (chunked) co_await exchange.write(std::span(&last_chunk, 1)).task();
}

Task<Disposition> relay_down(ClientExchange& client, UpstreamExchange& exchange, Cancellation& cancellation,
                             ExchangeLog& log) {
  log.head_came(exchange.head());
  log.answer_began(exchange.head());
  AnswerRelay relay(exchange, client, cancellation, answer_fields(log), [](std::string_view) {});
  co_await relay.start();
  co_await relay.run();
  log.relayed(relay, {});
  co_return relay.disposition();
}

// A body may be larger than memory and can be read only once, so it goes over a connection that certainly lives.
Task<Disposition> stream_through(ClientExchange& client, UpstreamConnector& upstream, std::string head,
                                 Cancellation& cancellation, ExchangeLog& log) {
  const bool head_only = client.head().method == "HEAD";
  auto opened = co_await upstream.open(Reuse::fresh, head_only, cancellation).task();
  if (!opened) co_return co_await answer_error(client, opened.error(), log);
  UpstreamExchange& exchange = **opened;
  cancellation.set_hook([&exchange] { exchange.close(); });
  const std::string_view head_part = head;
  auto sent = co_await exchange.write(std::span(&head_part, 1)).task();

  const IoExecutor executor = co_await boost::asio::this_coro::executor;
  Upload state;
  boost::asio::co_spawn(executor, upload(client, exchange, state), [&state, &exchange](std::exception_ptr failure) {
    if (failure) exchange.close();
    state.running = false;
    state.done.notify();
  });
  Result<void> answered;
  Disposition disposition = Disposition::close;
  std::exception_ptr failure;
  try {
    answered = co_await exchange.read_head();
    if (answered) disposition = co_await relay_down(client, exchange, cancellation, log);
  } catch (...) {
    failure = std::current_exception();  // the upload still uses what lies in this frame
  }
  if (state.running) {
    exchange.close();
    client.stop_reading();
  }
  while (state.running) co_await state.done.wait();
  cancellation.clear_hook();
  log.request_was(state.bytes);
  if (failure) std::rethrow_exception(failure);
  if (answered) co_return disposition;
  const Error& error = state.client_error ? *state.client_error : answered.error();
  co_return co_await answer_error(client, error, log);
}

}  // namespace

Task<Disposition> pass_through(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                               ExchangeLog& log) {
  const ClientFields fields(client.head());
  log.identified(identify_lane(fields, nullptr), account_key(fields, nullptr, services.account_key), fields, nullptr);
  Cancellation cancellation;
  client.watch(cancellation);
  const std::string head = upstream_request_head(client.head(), services.target, client.body_framing());
  log.attempt_began();
  if (!client.body_ended()) co_return co_await stream_through(client, upstream, head, cancellation, log);

  const std::string_view part = head;
  const bool head_only = client.head().method == "HEAD";
  auto exchange = co_await forward(upstream, services.clock, std::span(&part, 1), head_only, cancellation);
  if (!exchange) co_return co_await answer_error(client, exchange.error(), log);
  const Disposition disposition = co_await relay_down(client, **exchange, cancellation, log);
  cancellation.clear_hook();
  co_await (*exchange)->settle();
  co_return disposition;
}

}  // namespace distiq
