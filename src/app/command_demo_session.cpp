#include "app/command_demo_session.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "app/config_parse.h"

namespace distiq {

namespace embedded {
extern const std::string_view demo_sessions;
}

namespace {

constexpr std::size_t kMaxAnswerBytes = 16u << 20;

class Connection {
 public:
  Connection() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool open(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool read_to_end(std::string& bytes) {
    std::array<char, 16384> block;
    while (bytes.size() < kMaxAnswerBytes) {
      const auto count = ::recv(fd_, block.data(), block.size(), 0);
      if (count == 0) return true;
      if (count < 0) return false;
      bytes.append(block.data(), static_cast<std::size_t>(count));
    }
    return false;
  }

 private:
  int fd_;
};

}  // namespace

std::vector<DemoRequest> demo_requests() {
  return parse_demo_requests(embedded::demo_sessions);
}

std::vector<DemoRequest> parse_demo_requests(std::string_view text) {
  std::vector<DemoRequest> requests;
  while (!text.empty()) {
    const auto line_end = text.find('\n');
    const auto line = text.substr(0, line_end);
    const auto tab = line.rfind('\t');
    if (line_end == std::string_view::npos || tab == std::string_view::npos) break;
    text.remove_prefix(line_end + 1);
    const auto size = parse_whole(line.substr(tab + 1), 1, text.size());
    if (!size) break;
    requests.push_back({line.substr(0, tab), text.substr(0, *size)});
    text.remove_prefix(*size);
  }
  return requests;
}

Result<std::string> exchange_on_loopback(std::uint16_t port, std::string_view message) {
  Connection connection;
  std::string answer;
  if (connection.open(port) && connection.send(message) && connection.read_to_end(answer)) return answer;
  auto text = fmt::format("port {}: {}", port, std::generic_category().message(errno));
  return fail(ErrorKind::upstream_broke, text, text);
}

int status_of(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.") || answer.size() < 12) return 0;
  return static_cast<int>(parse_whole(answer.substr(9, 3), 100, 999).value_or(0));
}

}  // namespace distiq
