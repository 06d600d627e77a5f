#include "app/command_port_probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace distiq {
namespace {

constexpr std::size_t kMaxAnswerBytes = 8192;

class Socket {
 public:
  explicit Socket(const addrinfo& address)
      : fd_(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, address.ai_protocol)) {
    const timeval limit{.tv_sec = 0, .tv_usec = 250'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connected_ = fd_ >= 0 && ::connect(fd_, address.ai_addr, address.ai_addrlen) == 0;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool connected() const { return connected_; }

  std::string ask(const std::string& request) {
    std::string answer;
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      return answer;
    std::array<char, 2048> block;
    while (answer.size() < kMaxAnswerBytes) {
      const auto count = ::recv(fd_, block.data(), block.size(), 0);
      if (count <= 0) break;
      answer.append(block.data(), static_cast<std::size_t>(count));
    }
    return answer;
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct FreeAddress {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::string reachable(const std::string& host) {
  if (host == "0.0.0.0" || host == "localhost") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

}  // namespace

std::string ask_local(const std::string& host, std::uint16_t port, const std::string& request) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(reachable(host).c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, FreeAddress> address(found);
  Socket socket(*address);
  return socket.connected() ? socket.ask(request) : std::string();
}

PortOccupant identify_port_occupant(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(reachable(host).c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return PortOccupant::nobody;
  const std::unique_ptr<addrinfo, FreeAddress> address(found);

  const auto ask = [&](std::string_view path) -> std::string {
    Socket socket(*address);
    if (!socket.connected()) return {};
    return socket.ask(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path));
  };
  if (!Socket(*address).connected()) return PortOccupant::nobody;
  // Our /health lists our settings; a proxy that wants a token answers with our own headers.
  const auto health = ask("/health");
  for (const std::string_view mark : {"DISTIQ_HOME", "x-distiq-"}) {
    if (health.find(mark) != std::string::npos) return PortOccupant::distiq_code;
  }
  if (ask("/").find("Ollama") != std::string::npos) return PortOccupant::ollama;
  return PortOccupant::somebody;
}

}  // namespace distiq
