#include "app/proxy/control_routes.h"

#include <fmt/format.h>

#include <array>

#include "app/config/config_parse.h"
#include "base/text.h"
#include "meter/json_capture.h"

namespace distiq {
namespace {

LocalAnswer json_answer(int status, std::string body) {
  return {status, "application/json", std::move(body) + "\n"};
}

LocalAnswer refuse(int status, std::string_view why) {
  std::string body = R"({"error":)";
  append_json_string(body, why);
  return json_answer(status, body + "}");
}

// One member of the JSON object that a command is: a number as it stands, a string without its quotes.
std::optional<std::string> command_field(std::string_view body, std::string_view name) {
  const std::array<std::string_view, 1> wanted = {name};
  JsonCapture capture(wanted);
  capture.feed(body);
  const std::string object = capture.to_json();
  const std::size_t before = name.size() + 4;  // {"name":
  if (!capture.ended() || capture.lost_something() || object.size() <= before + 1) return std::nullopt;
  std::string value = object.substr(before, object.size() - before - 1);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return value;
}

}  // namespace

LocalAnswer ControlRoutes::answer(const RequestHead& head, std::string_view body) {
  const std::string_view path = head.path();
  if (path == "/distiq/policy" && head.method == "GET") return show_policy();
  if (path == "/distiq/policy" && head.method == "POST") {
    return may_change(head) ? change_policy(body) : refuse(403, "x-distiq-control is missing or wrong");
  }
  if (path == "/distiq/test/clock" && config_.test_clock) {
    return head.method == "POST" ? move_clock(body) : refuse(405, "POST only");
  }
  return refuse(404, "no such command");
}

bool ControlRoutes::may_change(const RequestHead& head) const {
  return !control_key_.empty() && control_key_.equals(head.headers.get_or("x-distiq-control", ""));
}

LocalAnswer ControlRoutes::show_policy() const {
  const auto pin = policy_.pin();
  return json_answer(200,
                     fmt::format(R"({{"policy":"{}","pin":"{}","holdout_percent":{}}})", to_string(policy_.policy()),
                                 pin ? to_string(*pin) : "off", config_.steering.holdout_percent));
}

LocalAnswer ControlRoutes::change_policy(std::string_view body) {
  const auto policy = command_field(body, "policy");
  const auto pin = command_field(body, "pin");
  const auto wanted = policy ? routing_policy_from(*policy) : std::nullopt;
  const auto tier = pin ? tier_from(*pin) : std::nullopt;
  if (policy && !wanted) return refuse(400, "policy must be off, observe, balanced or saver");
  if (pin && *pin != "off" && (!tier || *tier == Tier::fable))
    return refuse(400, "pin must be haiku, sonnet, opus or off");
  if (!policy && !pin) return refuse(400, "policy or pin must be given");
  if (wanted) policy_.set_policy(*wanted);
  if (pin) policy_.set_pin(tier);
  return show_policy();
}

LocalAnswer ControlRoutes::move_clock(std::string_view body) {
  constexpr std::uint64_t ten_years_ms = std::uint64_t{10} * 366 * 24 * 3600 * 1000;
  const auto field = command_field(body, "advance_ms");
  const auto by = field ? parse_whole(*field, 0, ten_years_ms) : std::nullopt;
  if (!by) return refuse(400, "advance_ms must be a whole number of milliseconds");
  policy_clock_.advance(std::chrono::milliseconds(*by));
  return json_answer(200, fmt::format(R"({{"ahead_ms":{}}})", policy_clock_.ahead().count()));
}

}  // namespace distiq
