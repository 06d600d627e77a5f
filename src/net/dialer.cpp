#include "net/dialer.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "http/signal.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Resolver = asio::ip::basic_resolver<tcp, IoExecutor>;
constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<IoExecutor>{});

// One address must not use up the whole time limit while another would answer (broken IPv6 is the usual case).
constexpr auto address_patience = std::chrono::milliseconds(2'500);

// The proxy's answer to CONNECT; anything longer is not a proxy.
constexpr std::size_t connect_answer_limit = 16 * 1024;

Error unreachable(const std::string& what, const std::string& why) {
  return {ErrorKind::upstream_unreachable, what + ": " + why, "Cannot reach " + what + ": " + why + "."};
}

// One attempt's shared state: what "time is up" and "the client left" have to close.
struct Attempt {
  Cancellation& cancellation;
  bool timed_out = false;
};

Task<Result<std::vector<tcp::endpoint>>> look_up(IoExecutor executor, std::string host, std::string port,
                                                 Attempt& attempt) {
  std::vector<tcp::endpoint> endpoints;
  boost::system::error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    endpoints.emplace_back(address, static_cast<unsigned short>(std::stoul(port)));
    co_return endpoints;
  }
  // getaddrinfo cannot be interrupted: on a dead resolver we stop waiting and leave it to its thread.
  struct LookUp {
    explicit LookUp(const IoExecutor& io) : resolver(io) {}
    Resolver resolver;
    Resolver::results_type found;
    boost::system::error_code error = asio::error::operation_aborted;
    Signal done;
  };
  const auto state = std::make_shared<LookUp>(executor);
  state->resolver.async_resolve(host, port, [state](boost::system::error_code failed, Resolver::results_type results) {
    state->error = failed;
    state->found = std::move(results);
    state->done.notify();
  });
  {
    const CancellationHook hook(attempt.cancellation, [&state] { state->done.notify(); });
    co_await state->done.wait();
  }
  if (attempt.cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "look-up cancelled");
  const auto error = state->error;
  const auto& found = state->found;
  if (error) co_return std::unexpected(unreachable(host, "the name cannot be resolved (" + error.message() + ")"));
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

Task<Result<TcpSocket>> connect_any(IoExecutor executor, Deadlines& deadlines, std::string host,
                                    std::vector<tcp::endpoint> endpoints, Attempt& attempt) {
  boost::system::error_code last;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if (attempt.cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "connect cancelled");
    TcpSocket socket(executor);
    std::optional<CancellationHook> hook;
    hook.emplace(attempt.cancellation, [&socket] { close_socket(socket, false); });
    Deadlines::Entry patience(deadlines, [&socket] { close_socket(socket, false); });
    if (i + 1 < endpoints.size()) patience.arm(address_patience);
    const auto [error] = co_await socket.async_connect(endpoints[i], use_task);
    hook.reset();
    if (attempt.cancellation.cancelled() || attempt.timed_out)
      co_return fail(ErrorKind::cancelled, "connect cancelled");
    if (!error && socket.is_open()) {
      limit_dead_peer_time(socket);
      co_return std::move(socket);
    }
    last = error;
  }
  co_return std::unexpected(unreachable(host, last ? last.message() : "no address"));
}

Task<Result<void>> open_tunnel(TcpSocket& socket, const HttpProxy& proxy, std::string target, Attempt& attempt) {
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy.basic_credentials.empty()) {
    request.append("Proxy-Authorization: Basic ").append(proxy.basic_credentials.reveal()).append("\r\n");
  }
  request.append("\r\n");
  const CancellationHook hook(attempt.cancellation, [&socket] { close_socket(socket, false); });
  const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(request), use_task);
  Secret::wipe(request);
  std::string answer;
  auto reader = MessageReader::for_response(connect_answer_limit, /*request_was_head=*/true);
  boost::system::error_code error = write_error;
  while (!error && !reader.head_done()) {
    // Byte by byte past the head would swallow the TLS server's first bytes; servers speak second, so a block is safe.
    std::array<char, 2048> block;
    const auto [read_error, n] = co_await socket.async_read_some(asio::buffer(block), use_task);
    error = read_error;
    answer.append(block.data(), n);
    const auto fed = reader.feed_head(answer);
    if (!fed) co_return std::unexpected(unreachable("the proxy " + proxy.host, "its answer is not HTTP"));
    answer.erase(0, fed->consumed);
  }
  if (error) co_return std::unexpected(unreachable("the proxy " + proxy.host, error.message()));
  if (const int status = reader.response().status; status / 100 != 2) {
    co_return std::unexpected(
        unreachable(target + " through the proxy " + proxy.host, "the proxy answered " + std::to_string(status)));
  }
  co_return Result<void>{};
}

}  // namespace

Dialer::Dialer(IoExecutor executor, Deadlines& deadlines, const UpstreamConfig& config,
               std::shared_ptr<asio::ssl::context> tls)
    : executor_(std::move(executor)), deadlines_(deadlines), config_(config), tls_(std::move(tls)) {}

Task<Result<std::unique_ptr<ByteStream>>> Dialer::dial(Cancellation& cancellation) {
  Cancellation step;  // cancelled by the caller's or by the clock
  Attempt attempt{step};
  Deadlines::Entry limit(deadlines_, [&attempt] {
    attempt.timed_out = true;
    attempt.cancellation.cancel();
  });
  limit.arm(config_.connect_timeout);
  const CancellationHook hook(cancellation, [&step] { step.cancel(); });
  if (cancellation.cancelled()) step.cancel();

  const bool through_proxy = config_.proxy.has_value();
  const std::string host = through_proxy ? config_.proxy->host : config_.host;
  const std::string port = through_proxy ? config_.proxy->port : config_.port;

  Result<std::unique_ptr<ByteStream>> result = fail(ErrorKind::internal, "dial");
  auto endpoints = co_await look_up(executor_, host, port, attempt);
  if (!endpoints) {
    result = std::unexpected(endpoints.error());
  } else if (auto socket = co_await connect_any(executor_, deadlines_, host, std::move(*endpoints), attempt); !socket) {
    result = std::unexpected(socket.error());
  } else {
    Result<void> tunnel;
    if (through_proxy) {
      const bool is_v6 = config_.host.contains(':');
      const std::string target = (is_v6 ? "[" + config_.host + "]" : config_.host) + ":" + config_.port;
      tunnel = co_await open_tunnel(*socket, *config_.proxy, target, attempt);
    }
    if (!tunnel) {
      result = std::unexpected(tunnel.error());
    } else if (config_.tls) {
      result = co_await connect_tls(std::move(*socket), tls_, config_.host, step);
    } else {
      result = make_tcp_stream(std::move(*socket));
    }
  }
  if (cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "client left while connecting");
  if (attempt.timed_out) {
    co_return fail(ErrorKind::upstream_timeout, "connect timeout to " + host,
                   "Connecting to " + host + " took longer than the limit.");
  }
  co_return std::move(result);
}

}  // namespace distiq
