#include "pipeline/forward.h"

namespace distiq {
namespace {

bool died_in_the_pool(const UpstreamExchange& exchange, const Error& error, std::chrono::nanoseconds since_sending) {
  return exchange.reused() && !exchange.answer_started() && error.kind == ErrorKind::upstream_broke &&
         since_sending < stale_connection_window;
}

}  // namespace

Task<Result<std::unique_ptr<UpstreamExchange>>> forward(UpstreamConnector& upstream, const Clock& clock,
                                                        std::span<const std::string_view> request, bool request_is_head,
                                                        Cancellation& cancellation,
                                                        const std::function<void()>& when_sent) {
  Reuse reuse = Reuse::pooled;
  while (true) {
    auto opening = upstream.open(reuse, request_is_head, cancellation);
    if (!opening.ready()) opening = co_await opening.later();
    auto opened = opening.take();
    if (!opened) co_return std::unexpected(opened.error());
    UpstreamExchange& exchange = **opened;
    cancellation.set_hook([&exchange] { exchange.close(); });
    if (cancellation.cancelled()) exchange.close();

    const MonotonicTime sending_at = clock.monotonic();
    exchange.start_write(request, when_sent);
    const auto head = co_await exchange.read_head();
    if (head) co_return std::move(opened);

    cancellation.clear_hook();
    co_await exchange.settle();
    if (cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "client left before the answer");
    if (reuse == Reuse::fresh || !died_in_the_pool(exchange, head.error(), clock.monotonic() - sending_at)) {
      co_return std::unexpected(head.error());
    }
    reuse = Reuse::fresh;
  }
}

}  // namespace distiq
