#include "app/port_probe.h"

#include <fmt/format.h>

#include "app/local_socket.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxAnswerBytes = 8192;
constexpr std::chrono::milliseconds kPatience{250};

}  // namespace

std::string local_url(const Config& config, std::uint16_t port) {
  auto host = config.listen.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("http://{}:{}", host, port);
}

std::string ask_local(const std::string& host, std::uint16_t port, const std::string& request) {
  LocalSocket socket(host, port, kPatience);
  std::string answer;
  if (socket.send(request)) (void)socket.receive(answer, kMaxAnswerBytes);
  return answer;
}

PortOccupant identify_port_occupant(const std::string& host, std::uint16_t port) {
  if (!LocalSocket(host, port, kPatience).connected()) return PortOccupant::nobody;
  const auto ask = [&](std::string_view path) {
    return ask_local(host, port, fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path));
  };
  // Our /health lists our settings; a proxy that wants a token answers with our own headers.
  const auto health = ask("/health");
  for (const std::string_view mark : {"DISTIQ_HOME", "x-distiq-"}) {
    if (health.find(mark) != std::string::npos) return PortOccupant::distiq_code;
  }
  if (ask("/").find("Ollama") != std::string::npos) return PortOccupant::ollama;
  return PortOccupant::somebody;
}

}  // namespace distiq
