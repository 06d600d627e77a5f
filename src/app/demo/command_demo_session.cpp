#include "app/demo/command_demo_session.h"

#include <fmt/format.h>

#include <system_error>

#include "app/config/config_parse.h"
#include "app/local_socket.h"

namespace distiq {

namespace embedded {
extern const std::string_view demo_sessions;
}

namespace {

constexpr std::size_t kMaxAnswerBytes = 16u << 20;
constexpr std::chrono::seconds kPatience{10};

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
  LocalSocket socket("127.0.0.1", port, kPatience);
  std::string answer;
  if (socket.send(message) && socket.receive(answer, kMaxAnswerBytes)) return answer;
  auto text = fmt::format("port {}: {}", port, std::generic_category().message(socket.error()));
  return fail(ErrorKind::upstream_broke, text, text);
}

int status_of(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.") || answer.size() < 12) return 0;
  return static_cast<int>(parse_whole(answer.substr(9, 3), 100, 999).value_or(0));
}

}  // namespace distiq
