#include "net/web_client.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "http/response_reader.h"
#include "net/tls_stream.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
using Take = ResponseReader::Take;

constexpr auto ask_every = std::chrono::milliseconds(100);

std::string head_of(const WebRequest& request) {
  const bool default_port = request.server.port == (request.server.tls ? "443" : "80");
  const bool v6 = request.server.host.find(':') != std::string::npos;
  std::string head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}{}{}{}{}\r\n", request.method, request.target, v6 ? "[" : "",
                  request.server.host, v6 ? "]" : "", default_port ? "" : ":", default_port ? "" : request.server.port);
  for (const auto [name, value] : request.fields) head.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty()) head += fmt::format("Content-Length: {}\r\n", request.body.size());
  return head + "Connection: close\r\n\r\n";
}

Task<Result<WebAnswer>> exchange(const WebRequest& request, Dialer& dialer, Deadlines& deadlines, const Take& take) {
  Cancellation cancellation;
  std::move_only_function<void()> ask;
  Deadlines::Entry asking(deadlines, [&ask] { ask(); });
  ask = [&] {
    if (!request.go_on()) return cancellation.cancel();
    asking.arm(ask_every);
  };
  if (request.go_on) asking.arm(ask_every);
  auto dialed = co_await dialer.dial(cancellation);
  if (!dialed) co_return std::unexpected(dialed.error());
  ByteStream& stream = **dialed;
  const CancellationHook hook(cancellation, [&stream] { stream.close(); });
  if (cancellation.cancelled()) stream.close();
  Deadlines::Entry stall(deadlines, [&stream] { stream.close(); });
  const std::string head = head_of(request);
  const std::array<std::string_view, 2> parts = {head, request.body};
  stall.arm(request.stall_limit);
  const auto sent = co_await stream.write_all(parts).task();

  ResponseReader reader(request.server.header_limit, request.method == "HEAD", take);
  std::array<char, 64 * 1024> block;
  while (reader.wants_more()) {
    stall.arm(request.stall_limit);
    const auto count = co_await stream.read_some(block);
    stall.disarm();
    if (!count) {
      if (count.error() == TransportFailure::eof) reader.closed();
      break;
    }
    const auto fed = reader.feed({block.data(), *count});
    if (!fed) co_return std::unexpected(fed.error());
  }
  stream.close();
  if (cancellation.cancelled()) co_return fail(ErrorKind::cancelled, "stopped");
  if (!reader.head_done()) {
    co_return fail(ErrorKind::upstream_broke, sent ? "no answer" : "could not send",
                   request.server.host + " closed the connection without an answer.");
  }
  co_return WebAnswer{.head = std::move(reader.head()), .complete = reader.complete()};
}

}  // namespace

Result<WebAnswer> fetch(const WebRequest& request, const Clock& clock, const Take& take) {
  std::shared_ptr<asio::ssl::context> tls = request.tls;
  if (request.server.tls && !tls) {
    auto made = make_tls_context(request.extra_ca_files);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  asio::io_context context(1);
  Deadlines deadlines(context.get_executor(), clock);
  Dialer dialer(context.get_executor(), deadlines, request.server, std::move(tls));
  Result<WebAnswer> result = fail(ErrorKind::internal, "never ran");
  std::exception_ptr failure;
  asio::co_spawn(context, exchange(request, dialer, deadlines, take),
                 [&](std::exception_ptr failed, Result<WebAnswer> done) {
                   failure = failed;
                   result = std::move(done);
                   deadlines.stop();
                   context.stop();  // a look-up that nobody waits for any more
                 });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace distiq
