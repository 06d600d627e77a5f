#include "net/tcp_stream.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

namespace distiq {
namespace {

namespace asio = boost::asio;
constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<IoExecutor>{});

// Asio's own condition caps each send at 64 KB; a Claude Code request is larger, and the kernel takes it whole.
std::size_t all_at_once(const boost::system::error_code& error, std::size_t) {
  return error ? 0 : std::size_t{4} << 20;
}

TransportResult<std::size_t> result_of(const boost::system::error_code& error, std::size_t n) {
  if (error) return std::unexpected(classify(error));
  return n;
}

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(TcpSocket socket) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
  }
  ~TcpStream() override { close(false); }

  Task<TransportResult<std::size_t>> read_some(std::span<char> into) override {
    auto initiation = [this, into](auto handler) {
      socket_.async_read_some(asio::buffer(into.data(), into.size()),
                              [h = std::move(handler)](boost::system::error_code error, std::size_t n) mutable {
                                std::move(h)(result_of(error, n));
                              });
    };
    constexpr asio::use_awaitable_t<IoExecutor> token;
    return asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void(TransportResult<std::size_t>)>(initiation,
                                                                                                             token);
  }

  void start_read(std::span<char> into, ReadDone done) override {
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [done = std::move(done)](boost::system::error_code error, std::size_t n) mutable {
                              done(result_of(error, n));
                            });
  }

  std::optional<TransportResult<std::size_t>> write_now(std::span<const std::string_view> parts) override {
    total_ = gather(parts);
    const auto sent = send_now(socket_, buffers_);
    if (!sent) return std::unexpected(classify(sent.error()));
    if (*sent == total_) return total_;
    drop_front(*sent);
    return std::nullopt;
  }

  Task<TransportResult<std::size_t>> write_rest() override {
    const auto [error, n] = co_await asio::async_write(socket_, buffers_, all_at_once, use_task);
    co_return result_of(error, total_);
  }

  void start_rest(WriteDone done) override {
    asio::async_write(socket_, buffers_, all_at_once,
                      [done = std::move(done), total = total_](boost::system::error_code error, std::size_t) mutable {
                        done(result_of(error, total));
                      });
  }

  void shutdown_send() noexcept override {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  void close(bool reset) noexcept override { close_socket(socket_, reset); }
  bool is_quiet() noexcept override { return socket_.is_open() && socket_is_quiet(socket_.native_handle()); }
  bool peer_left() noexcept override { return !socket_.is_open() || peer_has_left(socket_.native_handle()); }

 private:
  std::size_t gather(std::span<const std::string_view> parts) {
    std::size_t total = 0;
    buffers_.clear();
    for (const std::string_view part : parts) {
      if (!part.empty()) buffers_.emplace_back(part.data(), part.size());
      total += part.size();
    }
    return total;
  }

  void drop_front(std::size_t size) {
    auto buffer = buffers_.begin();
    for (; buffer != buffers_.end() && size >= buffer->size(); ++buffer) size -= buffer->size();
    buffers_.erase(buffers_.begin(), buffer);
    if (size > 0) buffers_.front() += size;
  }

  TcpSocket socket_;
  std::vector<asio::const_buffer> buffers_;  // what is still to be written
  std::size_t total_ = 0;                    // of the write under way
};

}  // namespace

std::unique_ptr<ByteStream> make_tcp_stream(TcpSocket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

void limit_dead_peer_time(TcpSocket& socket) {
  const int fd = socket.native_handle();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_USER_TIMEOUT
  const unsigned milliseconds = 15'000;
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
#endif
#ifdef TCP_KEEPIDLE
  const int idle_seconds = 10, interval_seconds = 5, probes = 3;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
#endif
}

TransportFailure classify(const boost::system::error_code& error) {
  if (error == asio::error::eof) return TransportFailure::eof;
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
    return TransportFailure::cancelled;
  }
  return TransportFailure::cut;
}

bool socket_is_quiet(int fd) noexcept {
  char byte = 0;
  const ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool peer_has_left(int fd) noexcept {
#ifdef POLLRDHUP
  constexpr short left = POLLRDHUP;
#else
  constexpr short left = POLLHUP;
#endif
  pollfd entry{.fd = fd, .events = left, .revents = 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (left | POLLHUP | POLLERR)) != 0;
}

void close_socket(TcpSocket& socket, bool reset) noexcept {
  boost::system::error_code ignored;
  if (!socket.is_open()) return;
  if (reset) socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace distiq
