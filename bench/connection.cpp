#include "bench/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>

#include "bench/args.h"

namespace distiq::bench {
namespace {

constexpr std::size_t max_parts = 8;

sockaddr_in to_sockaddr(const Address& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(address.port);
  if (inet_pton(AF_INET, address.host.c_str(), &out.sin_addr) != 1) fail("not an IPv4 address: " + address.host);
  return out;
}

// sockaddr_in and sockaddr are the one pair of types that POSIX lets us look at through each other.
const sockaddr* as_sockaddr(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void set_option(int fd, int level, int option) {
  const int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on) != 0) fail(std::string("setsockopt: ") + std::strerror(errno));
}

IoResult from_errno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == EINPROGRESS || errno == ENOTCONN) {
    return {Io::again};
  }
  return {errno == EPIPE || errno == ECONNRESET ? Io::closed : Io::failed};
}

}  // namespace

Address parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) fail("expected host:port, got " + std::string(text));
  Address address{std::string(text.substr(0, colon)), 0};
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) fail("not a port: " + std::string(port));
  return address;
}

TlsContext make_server_tls(const std::string& certificate_file, const std::string& key_file) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    fail("cannot use certificate " + certificate_file + " with key " + key_file);
  }
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

TlsContext make_client_tls(const std::string& ca_file) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) fail("cannot read " + ca_file);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

int listen_on(const Address& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("cannot make a socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  const sockaddr_in name = to_sockaddr(address);
  if (bind(fd, as_sockaddr(name), sizeof name) != 0 || listen(fd, SOMAXCONN) != 0) {
    fail("cannot listen on " + address.host + ":" + std::to_string(address.port) + ": " + std::strerror(errno));
  }
  return fd;
}

std::uint16_t local_port(int fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) fail("getsockname failed");
  return ntohs(name.sin_port);
}

Connection::~Connection() {
  close();
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::exchange(other.tls_, nullptr)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    tls_ = std::exchange(other.tls_, nullptr);
  }
  return *this;
}

Connection Connection::accepted(int fd, SSL_CTX* tls) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  if (tls == nullptr) return {fd, nullptr};
  SSL* session = SSL_new(tls);
  SSL_set_fd(session, fd);
  SSL_set_accept_state(session);
  return {fd, session};
}

Connection Connection::started(const Address& to, SSL_CTX* tls) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(std::string("cannot make a socket: ") + std::strerror(errno));
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  const sockaddr_in name = to_sockaddr(to);
  if (connect(fd, as_sockaddr(name), sizeof name) != 0 && errno != EINPROGRESS) {
    ::close(fd);
    return {};
  }
  if (tls == nullptr) return {fd, nullptr};
  SSL* session = SSL_new(tls);
  SSL_set_fd(session, fd);
  SSL_set1_host(session, "localhost");
  SSL_set_tlsext_host_name(session, "localhost");
  SSL_set_connect_state(session);
  return {fd, session};
}

IoResult Connection::tls_result(int returned) const {
  const int error = SSL_get_error(tls_, returned);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {Io::again};
  if (error == SSL_ERROR_SYSCALL && errno == ENOTCONN) {  // still connecting
    ERR_clear_error();
    return {Io::again};
  }
  const bool ended =
      error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && (errno == EPIPE || errno == ECONNRESET));
  ERR_clear_error();
  return {ended ? Io::closed : Io::failed};
}

IoResult Connection::read(std::span<char> into) {
  errno = 0;
  if (tls_ != nullptr) {
    std::size_t got = 0;
    const int returned = SSL_read_ex(tls_, into.data(), into.size(), &got);
    return returned == 1 ? IoResult{Io::ok, got} : tls_result(returned);
  }
  const ssize_t got = ::recv(fd_, into.data(), into.size(), 0);
  if (got > 0) return {Io::ok, static_cast<std::size_t>(got)};
  return got == 0 ? IoResult{Io::closed} : from_errno();
}

IoResult Connection::write(std::span<const std::string_view> parts) {
  errno = 0;
  std::size_t total = 0;
  if (tls_ != nullptr) {
    for (const std::string_view part : parts) {
      for (std::size_t done = 0; done < part.size();) {
        std::size_t put = 0;
        const int returned = SSL_write_ex(tls_, part.data() + done, part.size() - done, &put);
        if (returned != 1) {
          const IoResult stopped = tls_result(returned);
          return total > 0 && stopped.state == Io::again ? IoResult{Io::ok, total} : stopped;
        }
        done += put;
        total += put;
      }
    }
    return {Io::ok, total};
  }
  std::array<iovec, max_parts> vectors{};
  std::size_t count = 0;
  for (const std::string_view part : parts) {
    if (part.empty() || count == max_parts) continue;
    vectors[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const ssize_t put = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  return put >= 0 ? IoResult{Io::ok, static_cast<std::size_t>(put)} : from_errno();
}

void Connection::close() {
  if (tls_ != nullptr) SSL_free(std::exchange(tls_, nullptr));
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace distiq::bench
