#include "net/web_client.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "http/message_reader.h"
#include "net/tls_stream.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
using Take = std::function<bool(const ResponseHead&, std::string_view)>;

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
  Cancellation never;
  auto dialed = co_await dialer.dial(never);
  if (!dialed) co_return std::unexpected(dialed.error());
  ByteStream& stream = **dialed;
  Deadlines::Entry stall(deadlines, [&stream] { stream.close(); });
  const std::string head = head_of(request);
  const std::array<std::string_view, 2> parts = {head, request.body};
  stall.arm(request.stall_limit);
  const auto sent = co_await stream.write_all(parts);

  MessageReader reader = MessageReader::for_response(request.server.header_limit, request.method == "HEAD");
  WebAnswer answer;
  std::string pending;
  std::array<char, 64 * 1024> block;
  std::vector<std::string_view> pieces;
  bool wanted = true;
  bool told_head = false;
  while (wanted && !reader.finished()) {
    stall.arm(request.stall_limit);
    const auto count = co_await stream.read_some(block);
    stall.disarm();
    if (!count) {
      answer.complete = count.error() == TransportFailure::eof && reader.head_done() && reader.eof_completes();
      break;
    }
    pending.append(block.data(), *count);
    if (!reader.head_done()) {
      const auto fed = reader.feed_head(pending);
      if (!fed) co_return std::unexpected(fed.error());
      pending.erase(0, fed->consumed);
    }
    if (reader.head_done() && !std::exchange(told_head, true)) wanted = take(reader.response_head(), {});
    while (wanted && reader.head_done() && !pending.empty() && !reader.finished()) {
      pieces.clear();
      const auto fed = reader.feed_body(pending, pieces);
      if (!fed) co_return std::unexpected(fed.error());
      for (const std::string_view piece : pieces)
        wanted = wanted && (piece.empty() || take(reader.response_head(), piece));
      if (fed->consumed == 0) break;
      pending.erase(0, fed->consumed);
    }
  }
  stream.close();
  if (!reader.head_done()) {
    co_return fail(ErrorKind::upstream_broke, sent ? "no answer" : "could not send",
                   request.server.host + " closed the connection without an answer.");
  }
  answer.complete = wanted && (answer.complete || reader.finished());
  answer.head = std::move(reader.response());
  co_return answer;
}

}  // namespace

Result<WebAnswer> fetch(const WebRequest& request, const Clock& clock, const Take& take) {
  std::shared_ptr<asio::ssl::context> tls;
  if (request.server.tls) {
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
