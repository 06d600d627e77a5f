#include "net/upstream_probe.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "net/tls_stream.h"

namespace distiq {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxHeadBytes = 64 * 1024;

Error no_answer() {
  return {ErrorKind::upstream_broke, "no answer to the probe", "Upstream closed the connection without an answer."};
}

Task<Result<std::string>> ask(Dialer& dialer, Cancellation& cancellation, std::string request) {
  auto stream = co_await dialer.dial(cancellation);
  if (!stream) co_return std::unexpected(stream.error());
  const std::array<std::string_view, 1> parts{request};
  if (auto sent = co_await (*stream)->write_all(parts).task(); !sent) co_return std::unexpected(no_answer());
  std::string head;
  std::array<char, 4096> block;
  while (head.size() < kMaxHeadBytes) {
    const auto count = co_await (*stream)->read_some(block);
    if (!count) break;
    head.append(block.data(), *count);
    if (const auto end = head.find("\r\n\r\n"); end != std::string::npos) {
      head.resize(end + 4);
      co_return head;
    }
  }
  co_return std::unexpected(no_answer());
}

}  // namespace

Result<std::string> probe_upstream(const UpstreamConfig& config, const std::vector<std::string>& extra_ca_files,
                                   std::string request, std::chrono::milliseconds limit, const Clock& clock) {
  std::shared_ptr<asio::ssl::context> tls;
  if (config.tls) {
    auto made = make_tls_context(extra_ca_files);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  asio::io_context context(1);
  std::optional<Result<std::string>> answer;
  {
    Deadlines deadlines(context.get_executor(), clock);
    Dialer dialer(context.get_executor(), deadlines, config, std::move(tls));
    Cancellation cancellation;
    asio::co_spawn(context, ask(dialer, cancellation, std::move(request)),
                   [&](std::exception_ptr failed, Result<std::string> result) {
                     if (!failed) answer = std::move(result);
                     deadlines.stop();
                     context.stop();
                   });
    context.run_for(limit);
    if (!answer) {
      cancellation.cancel();
      deadlines.stop();
      context.restart();
      context.run_for(std::chrono::milliseconds(500));
    }
  }
  if (answer && (answer->has_value() || answer->error().kind != ErrorKind::cancelled)) return std::move(*answer);
  return fail(ErrorKind::upstream_timeout, "the probe took too long", "Upstream did not answer in time.");
}

}  // namespace distiq
