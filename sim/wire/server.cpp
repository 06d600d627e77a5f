#include "wire/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "rules/api_error.h"
#include "service/service.h"

namespace sim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto with_error = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t max_head_bytes = 256 * 1024;
constexpr std::uint64_t max_drained_bytes = 512ull << 20;

using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

tcp::socket& socket_of(PlainStream& stream) {
  return stream;
}
tcp::socket& socket_of(TlsStream& stream) {
  return stream.next_layer();
}

// The peer has closed or reset; what it may have sent before stays unread.
bool peer_has_left(tcp::socket& socket) {
  char byte = 0;
  const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

template <class Stream>
class Session {
 public:
  Session(World& world, Stream stream, std::uint64_t number)
      : world_(world), stream_(std::move(stream)), timer_(stream_.get_executor()), number_(number) {}

  asio::awaitable<void> run() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, with_error);
      if (error) co_return;
    }
    bool more = true;
    while (more) {
      auto request = co_await read_request();
      if (!request) co_return;
      more = co_await answer(*request);
    }
  }

 private:
  asio::awaitable<bool> fill() {
    std::array<char, 65536> chunk;
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(chunk), with_error);
    buffer_.append(chunk.data(), size);
    co_return !error;
  }

  asio::awaitable<bool> write(std::string_view bytes) {
    const auto [error, size] =
        co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), with_error);
    co_return !error;
  }

  asio::awaitable<std::optional<Request>> read_request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (buffer_.size() > max_head_bytes) {
        co_await refuse(431, "Request headers are too large");
        co_return std::nullopt;
      }
      if (!co_await fill()) co_return std::nullopt;
    }
    auto request = parse_request_head(std::string_view(buffer_).substr(0, end + 2));
    buffer_.erase(0, end + 4);
    if (!request) {
      co_await refuse(400, "The request is not HTTP/1.1");
      co_return std::nullopt;
    }
    request->connection = number_;
    if (equals_ignoring_case(request->header("expect"), "100-continue") &&
        !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
      co_return std::nullopt;
    const bool whole = equals_ignoring_case(request->header("transfer-encoding"), "chunked")
                           ? co_await read_chunked(*request)
                           : co_await read_sized(*request);
    if (!whole) co_return std::nullopt;
    co_return request;
  }

  // Bodies over the API's limit are read to their end but not kept, so that the answer arrives.
  asio::awaitable<bool> read_sized(Request& request) {
    const auto text = request.header("content-length");
    std::uint64_t left = 0;
    if (!text.empty() && std::from_chars(text.data(), text.data() + text.size(), left).ec != std::errc{}) {
      co_await refuse(400, "content-length is not a number");
      co_return false;
    }
    request.body_bytes = left;
    const bool keep = left <= max_message_bytes;
    if (left > max_drained_bytes) co_return false;
    if (keep) request.body.reserve(static_cast<std::size_t>(left));
    while (left > 0) {
      if (buffer_.empty() && !co_await fill()) co_return false;
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size()));
      if (keep) request.body.append(buffer_, 0, take);
      buffer_.erase(0, take);
      left -= take;
    }
    co_return true;
  }

  asio::awaitable<bool> read_chunked(Request& request) {
    ChunkedDecoder decoder;
    while (!decoder.done()) {
      if (buffer_.empty() && !co_await fill()) co_return false;
      buffer_.erase(0, decoder.feed(buffer_, request.body, max_message_bytes));
      if (decoder.failed() || decoder.decoded() > max_drained_bytes) {
        co_await refuse(400, "The chunked body is malformed");
        co_return false;
      }
    }
    request.body_bytes = decoder.decoded();
    if (request.body_bytes > max_message_bytes) request.body.clear();
    co_return true;
  }

  asio::awaitable<void> refuse(int status, std::string message) {
    const auto reply = error_reply({status, std::string(error_type_of(status)), std::move(message)}, "");
    for (const auto& step : plan_transmission(reply, {.keep_alive = false}).steps)
      if (!co_await write(step.bytes)) co_return;
  }

  // Waits, watching for the client to leave; true when the time is over and it is still there.
  asio::awaitable<bool> wait(std::int64_t ms) {
    constexpr auto look_every = std::chrono::milliseconds(10);
    using Clock = asio::steady_timer::clock_type;
    const auto until = ms < 0 ? Clock::time_point::max() : Clock::now() + std::chrono::milliseconds(ms);
    while (Clock::now() < until) {
      timer_.expires_at(std::min(until, Clock::now() + look_every));
      const auto [error] = co_await timer_.async_wait(with_error);
      if (error || peer_has_left(socket_of(stream_))) co_return false;
    }
    co_return true;
  }

  // Writes the answer; false when the connection is over.
  asio::awaitable<bool> answer(const Request& request) {
    auto reply = handle(world_, request);
    const bool http11 = request.version_minor == 1;
    const auto transmission =
        plan_transmission(reply, {.keep_alive = http11 && !equals_ignoring_case(request.header("connection"), "close"),
                                  .head_only = request.method == "HEAD",
                                  .chunked_allowed = http11});
    std::size_t pieces = 0;
    bool whole = true;
    bool begun = false;
    for (const auto& step : transmission.steps) {
      whole = step.wait_ms == 0 || co_await wait(step.wait_ms);
      if (!whole) break;
      if (!begun && !step.bytes.empty() && reply.on_first_byte) reply.on_first_byte();
      begun = begun || !step.bytes.empty();
      whole = step.bytes.empty() || co_await write(step.bytes);
      if (!whole) break;
      pieces = step.pieces_begun;
    }
    if (reply.on_end) reply.on_end(pieces, whole && pieces >= reply.pieces.size());
    if (!whole) co_return false;
    co_return co_await end(transmission.ending);
  }

  asio::awaitable<bool> end(Ending ending) {
    if (ending == Ending::keep_alive) co_return true;
    error_code ignored;
    if (ending == Ending::rst) {
      socket_of(stream_).set_option(asio::socket_base::linger(true, 0), ignored);
      socket_of(stream_).close(ignored);
      co_return false;
    }
    if constexpr (std::is_same_v<Stream, TlsStream>) co_await stream_.async_shutdown(with_error);
    socket_of(stream_).shutdown(tcp::socket::shutdown_send, ignored);
    co_return false;
  }

  World& world_;
  Stream stream_;
  asio::steady_timer timer_;
  const std::uint64_t number_;
  std::string buffer_;
};

template <class Stream>
asio::awaitable<void> serve(World& world, Stream stream, std::uint64_t number) {
  Session<Stream> session(world, std::move(stream), number);
  co_await session.run();
}

void report_failure(std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "anthropic-sim: a connection failed: %s\n", error.what());
  }
}

}  // namespace

struct Server::State {
  State(World& of, const ServerConfig& with) : world(of), config(with), acceptor(io) {}

  void listen() {
    const tcp::endpoint endpoint(asio::ip::make_address(config.address), config.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(1024);
    if (config.tls_cert.empty()) return;
    tls.emplace(asio::ssl::context::tls_server);
    tls->use_certificate_chain_file(config.tls_cert);
    tls->use_private_key_file(config.tls_key, asio::ssl::context::pem);
  }

  asio::awaitable<void> accept_loop() {
    while (true) {
      auto executor = asio::make_strand(io);
      tcp::socket socket(executor);
      const auto [error] = co_await acceptor.async_accept(socket, with_error);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of descriptors, say: do not spin
        asio::steady_timer pause(io, std::chrono::milliseconds(20));
        co_await pause.async_wait(with_error);
        continue;
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      const auto number = ++connections;
      if (tls) {
        asio::co_spawn(executor, serve(world, TlsStream(std::move(socket), *tls), number), report_failure);
      } else {
        asio::co_spawn(executor, serve(world, std::move(socket), number), report_failure);
      }
    }
  }

  World& world;
  const ServerConfig config;
  asio::io_context io;
  std::optional<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  std::uint64_t connections = 0;
  std::vector<std::thread> threads;
};

Server::Server(World& world, const ServerConfig& config) : state_(std::make_unique<State>(world, config)) {
  try {
    state_->listen();
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen on " + config.address + ":" + std::to_string(config.port) + ": " +
                             error.code().message());
  }
}

Server::~Server() {
  state_->io.stop();
  for (auto& thread : state_->threads) thread.join();
}

std::uint16_t Server::port() const {
  return state_->acceptor.local_endpoint().port();
}

void Server::start() {
  asio::co_spawn(state_->io, state_->accept_loop(), report_failure);
  for (unsigned i = 0; i < std::max(1u, state_->config.threads); ++i)
    state_->threads.emplace_back([this] { state_->io.run(); });
}

}  // namespace sim
