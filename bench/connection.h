// One non-blocking TCP connection, plain or TLS, for an edge-triggered epoll loop: on every wake-up write until
// `again`, then read until `again`. Also the helpers to listen and to make TLS contexts. One thread.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace distiq::bench {

struct Address {
  std::string host;  // an IPv4 literal
  std::uint16_t port = 0;
};

// "127.0.0.1:8080"; ends the process on anything else.
[[nodiscard]] Address parse_address(std::string_view text);

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, ContextDeleter>;

// Both end the process when a file cannot be read.
[[nodiscard]] TlsContext make_server_tls(const std::string& certificate_file, const std::string& key_file);
[[nodiscard]] TlsContext make_client_tls(const std::string& ca_file);

// Bound to loopback or whatever the address says, non-blocking; ends the process on failure. `port` 0 picks one.
[[nodiscard]] int listen_on(const Address& address);
[[nodiscard]] std::uint16_t local_port(int fd);

enum class Io { ok, again, closed, failed };

struct IoResult {
  Io state;
  std::size_t bytes = 0;
};

class Connection {
 public:
  Connection() = default;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  // `tls` null means plain; it must outlive the connection.
  [[nodiscard]] static Connection accepted(int fd, SSL_CTX* tls);
  // Starts connecting; the result shows at the first write. `tls` null means plain.
  [[nodiscard]] static Connection started(const Address& to, SSL_CTX* tls);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  [[nodiscard]] IoResult read(std::span<char> into);
  // Writes the parts in order as far as the socket takes them; `bytes` counts over all parts.
  [[nodiscard]] IoResult write(std::span<const std::string_view> parts);
  void close();

 private:
  Connection(int fd, SSL* tls) : fd_(fd), tls_(tls) {}
  [[nodiscard]] IoResult tls_result(int returned) const;

  int fd_ = -1;
  SSL* tls_ = nullptr;
};

// CLOCK_MONOTONIC in nanoseconds: comparable between processes of one machine.
[[nodiscard]] std::uint64_t now_ns();

}  // namespace distiq::bench
