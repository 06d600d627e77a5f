#include "app/lifecycle/inherited_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "app/config/config_parse.h"

namespace distiq {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

std::unexpected<Error> refuse(std::string sentence) {
  return fail(ErrorKind::bad_config, sentence, sentence);
}

bool listens(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

// "" if it is no TCP address.
std::string address_of(int fd, std::uint16_t& port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    port = ntohs(v4->sin_port);
    return ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size()) == nullptr ? "" : text.data();
  }
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    port = ntohs(v6->sin6_port);
    return ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size()) == nullptr ? "" : text.data();
  }
  return {};
}

}  // namespace

Result<void> take_inherited_listener(Config& config, const Environment& environment) {
  const auto pid = parse_whole(environment.find("LISTEN_PID").value_or(""), 1, 1u << 30);
  if (!pid || static_cast<int>(*pid) != ::getpid()) return {};  // meant for another process
  const auto count = parse_whole(environment.find("LISTEN_FDS").value_or(""), 0, 1000).value_or(0);
  if (count == 0) return {};
  if (count > 1)
    return refuse("The service manager handed over more than one socket; one ListenStream= is what we use.");
  std::uint16_t port = 0;
  auto host = listens(kFirst) ? address_of(kFirst, port) : "";
  if (host.empty()) return refuse("The service manager handed over something else than a listening TCP socket.");
  ::fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  config.listen.host = std::move(host);
  config.listen.port = port;
  config.listen.inherited_fd = kFirst;
  if (auto conflict = find_conflict(config); !conflict.empty()) return refuse(std::move(conflict));
  return {};
}

}  // namespace distiq
