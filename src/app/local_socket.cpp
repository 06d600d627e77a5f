#include "app/local_socket.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace distiq {
namespace {

std::string reachable(const std::string& host) {
  if (host == "0.0.0.0" || host == "localhost") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

}  // namespace

LocalSocket::LocalSocket(const std::string& host, std::uint16_t port, std::chrono::milliseconds limit) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(reachable(host).c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    error_ = EADDRNOTAVAIL;
    return;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  fd_ = ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  if (fd_ < 0) {
    error_ = errno;
    return;
  }
  if (limit.count() > 0) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
    timeval time{};
    time.tv_sec = seconds.count();
    time.tv_usec = static_cast<suseconds_t>(std::chrono::microseconds(limit - seconds).count());
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  }
  if (::connect(fd_, found->ai_addr, found->ai_addrlen) != 0) error_ = errno;
}

LocalSocket::~LocalSocket() {
  if (fd_ >= 0) ::close(fd_);
}

bool LocalSocket::send(std::string_view bytes) {
  while (connected() && !bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      error_ = errno;
  }
  return connected();
}

bool LocalSocket::receive(std::string& bytes, std::size_t most) {
  std::array<char, 16 * 1024> block;
  while (connected()) {
    const ssize_t count = ::recv(fd_, block.data(), block.size(), 0);
    if (count == 0) return true;
    if (count > 0) bytes.append(block.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) error_ = errno;
    if (bytes.size() > most) error_ = EMSGSIZE;
  }
  return false;
}

}  // namespace distiq
