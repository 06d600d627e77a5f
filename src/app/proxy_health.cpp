#include "app/proxy_health.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include "app/config/config_parse.h"
#include "app/lifecycle/run_file.h"
#include "app/local_socket.h"
#include "base/clock.h"
#include "setup/json_outline.h"

namespace distiq {
namespace {

constexpr std::chrono::milliseconds answer_limit{3'000};
constexpr std::chrono::milliseconds store_limit{2'000};
constexpr int ask_again_ms = 20;
constexpr std::size_t most_bytes = 256 * 1024;

// An object inside a text that outline_json has accepted; whatever is missing in it stays as it was.
class Members {
 public:
  Members(std::string_view text, const JsonObject& object) : text_(text), object_(object) {}

  void read(std::string_view name, std::string& into) const {
    if (const auto* member = object_.find(name)) into = json_string_value(member->value.of(text_)).value_or("");
  }
  void read(std::string_view name, std::uint64_t& into) const {
    if (const auto* member = object_.find(name)) into = parse_whole(member->value.of(text_), 0, 1ull << 62).value_or(0);
  }
  void read(std::string_view name, bool& into) const {
    if (const auto* member = object_.find(name)) into = member->value.of(text_) == "true";
  }

 private:
  std::string_view text_;
  const JsonObject& object_;
};

std::optional<JsonObject> child(std::string_view body, const JsonObject& object, std::string_view name) {
  const auto* member = object.find(name);
  return member == nullptr ? std::nullopt : outline_member(body, *member);
}

// Until it has settled `wanted` records; false if it has not, or is gone.
bool wait_until_settled(const Config& config, const RunningProxy& proxy, std::uint64_t wanted, MonotonicTime until) {
  while (system_clock().monotonic() < until) {
    (void)::poll(nullptr, 0, ask_again_ms);
    const auto health = ask_health(config, proxy.host, proxy.port);
    if (!health) return false;
    if (health->settled >= wanted || health->waiting == 0) return true;
  }
  return false;
}

}  // namespace

std::optional<ProxyHealth> parse_health(std::string_view body) {
  const auto object = outline_json(body);
  if (!object || object->find("version") == nullptr || object->find("store") == nullptr) return std::nullopt;
  ProxyHealth health;
  const Members top(body, *object);
  top.read("version", health.version);
  top.read("upstream", health.upstream);
  top.read("connections", health.connections);
  if (const auto store = child(body, *object, "store")) {
    const Members members(body, *store);
    members.read("ok", health.store_ok);
    members.read("reason", health.store_reason);
    members.read("dropped", health.dropped);
    members.read("waiting", health.waiting);
    members.read("settled", health.settled);
  }
  if (const auto client = child(body, *object, "claude_code")) {
    const Members members(body, *client);
    members.read("recent_requests", health.recent_requests);
    members.read("with_hints", health.with_hints);
    members.read("newest_has_hints", health.newest_has_hints);
  }
  return health;
}

std::optional<ProxyHealth> ask_health(const Config& config, const std::string& host, std::uint16_t port) {
  std::string request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (!config.listen.token.empty()) request += fmt::format("x-distiq-token: {}\r\n", config.listen.token.reveal());
  LocalSocket socket(host, port, answer_limit);
  std::string answer;
  if (!socket.send(request + "\r\n") || !socket.receive(answer, most_bytes)) return std::nullopt;
  if (!answer.starts_with("HTTP/1.1 200 ")) return std::nullopt;
  const auto head_end = answer.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  return parse_health(std::string_view(answer).substr(head_end + 4));
}

std::uint64_t wait_for_store(const Config& config) {
  const MonotonicTime until = system_clock().monotonic() + store_limit;
  std::uint64_t left = 0;
  for (const RunningProxy& proxy : running_proxies(config.home)) {
    const auto health = ask_health(config, proxy.host, proxy.port);
    if (!health || health->waiting == 0) continue;
    if (!wait_until_settled(config, proxy, health->settled + health->waiting, until)) left += health->waiting;
  }
  return left;
}

}  // namespace distiq
