#include "app/local_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "app/local_socket.h"
#include "http/response_reader.h"

namespace distiq {
namespace {

constexpr int poll_ms = 50;  // a signal ends poll() by itself; this is for one that came just before it
constexpr std::size_t header_limit = 256 * 1024;

// Sends and receives until it is cancelled.
class Connection {
 public:
  Connection(const std::string& host, std::uint16_t port) : socket_(host, port) {}

  [[nodiscard]] bool open() const { return socket_.connected(); }

  [[nodiscard]] bool send(std::string_view bytes, const std::atomic<bool>& cancelled) const {
    while (!bytes.empty()) {
      if (!wait(POLLOUT, cancelled)) return false;
      const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Empty: the end, an error, or cancelled.
  [[nodiscard]] std::string_view receive(const std::atomic<bool>& cancelled) {
    while (wait(POLLIN, cancelled)) {
      const ssize_t count = ::recv(socket_.fd(), block_.data(), block_.size(), MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      return {block_.data(), count <= 0 ? 0 : static_cast<std::size_t>(count)};
    }
    return {};
  }

 private:
  [[nodiscard]] bool wait(short events, const std::atomic<bool>& cancelled) const {
    while (!cancelled) {
      pollfd entry{.fd = socket_.fd(), .events = events, .revents = 0};
      if (::poll(&entry, 1, poll_ms) > 0) return !cancelled;
    }
    return false;
  }

  LocalSocket socket_;
  std::array<char, 16 * 1024> block_{};
};

std::string head_of(const LocalRequest& request) {
  std::string head = fmt::format("POST {} HTTP/1.1\r\nHost: localhost:{}\r\n", request.target, request.port);
  for (const auto [name, value] : request.fields) head.append(name).append(": ").append(value).append("\r\n");
  return head + fmt::format("Content-Length: {}\r\nConnection: close\r\n\r\n", request.body.size());
}

}  // namespace

Result<LocalAnswer> stream_local(const LocalRequest& request, const std::atomic<bool>& cancelled,
                                 const std::function<void(const ResponseHead&, std::string_view)>& take) {
  Connection connection(request.host, request.port);
  if (!connection.open()) {
    return fail(ErrorKind::upstream_unreachable, "no proxy on port " + std::to_string(request.port),
                "The proxy does not answer any more.");
  }
  const std::string head = head_of(request);
  // An answer may come before the whole request has gone, a refusal for one: it is read then.
  const bool sent = connection.send(head, cancelled) && connection.send(request.body, cancelled);
  ResponseReader reader(header_limit, /*request_was_head=*/false,
                        [&](const ResponseHead& answer, std::string_view piece) {
                          if (!piece.empty()) take(answer, piece);
                          return true;
                        });
  while (reader.wants_more()) {
    const std::string_view bytes = connection.receive(cancelled);
    if (bytes.empty()) {
      if (!cancelled) reader.closed();
      break;
    }
    if (auto fed = reader.feed(bytes); !fed) return std::unexpected(std::move(fed.error()));
  }
  if (!reader.head_done()) {
    if (cancelled) return LocalAnswer{};
    return fail(ErrorKind::upstream_broke, sent ? "no answer" : "could not send",
                "The connection to the proxy was lost before an answer.");
  }
  return LocalAnswer{.head = std::move(reader.head()), .complete = reader.complete()};
}

}  // namespace distiq
