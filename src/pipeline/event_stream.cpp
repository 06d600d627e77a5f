#include "pipeline/event_stream.h"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <span>

#include "http/message_writer.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

// People cannot tell a quarter of a second from at once; asking costs a lock and a comparison.
constexpr std::chrono::milliseconds look_every{250};
constexpr int looks_between_pings = 60;

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    "retry: 1000\n\n";

std::atomic<int> listeners{0};

class Listener {
 public:
  Listener() : number_(++listeners) {}
  ~Listener() { --listeners; }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] bool is_admitted() const { return number_ <= most_listeners; }

 private:
  int number_;
};

Task<bool> send(ClientExchange& client, std::string_view text) {
  const auto written = co_await client.write(std::span(&text, 1)).task();
  co_return written.has_value();
}

}  // namespace

Task<Disposition> stream_events(EventFeed& feed, ClientExchange& client) {
  const Listener listener;
  if (!listener.is_admitted()) {
    co_await send(client, local_response(503, "text/plain", "Too many pages are open.\n", false, false));
    co_return Disposition::close;
  }
  Cancellation cancellation;
  client.watch(cancellation);
  Timer timer(co_await asio::this_coro::executor);
  const CancellationHook hook(cancellation, [&timer] { timer.cancel(); });
  const bool kept_alive = client.keep_alive();
  std::uint64_t place = 0;
  int quiet = 0;
  // Read first: whoever has got the head misses nothing that begins from then on.
  const std::string start = std::string(stream_head) + feed.read(place);
  if (!co_await send(client, start)) co_return Disposition::close;
  while (!cancellation.cancelled() && client.keep_alive() == kept_alive) {  // it ends with the proxy's shutdown
    const std::string news = feed.read(place);
    if (!news.empty() && !co_await send(client, news)) break;
    quiet = news.empty() ? quiet + 1 : 0;
    if (quiet == looks_between_pings) {
      if (!co_await send(client, ": still here\n\n")) break;
      quiet = 0;
    }
    timer.expires_after(look_every);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable_t<IoExecutor>()));
  }
  co_return Disposition::close;
}

}  // namespace distiq
