// `policy` and `pin`: commands to the running proxy, by its port and the control key of the state folder.
#include <fmt/format.h>

#include <ostream>

#include "app/command.h"
#include "app/phrase.h"
#include "app/port_probe.h"
#include "app/state_files.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr Phrase kNobody{"No proxy answers on port {}: start it, or name its port with --port.",
                         "На порту {} никто не отвечает: запустите прокси или укажите его порт через --port."};
constexpr Phrase kRefused{"The proxy refused: {}", "Прокси отказал: {}"};
constexpr Phrase kNoKey{"The key to the running proxy cannot be read: {}",
                        "Не удаётся прочитать ключ к работающему прокси: {}"};
constexpr Phrase kState{"policy {}, pinned to {}\n", "политика {}, закреплено за {}\n"};
constexpr Phrase kStateNoPin{"policy {}\n", "политика {}\n"};

std::string between(std::string_view text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + before.size());
  return std::string(rest.substr(0, rest.find('"')));
}

ExitCode speak(const Config& config, const std::string& request, bool json, const CommandIo& io) {
  const std::string answer = ask_local(config.listen.host, config.listen.port, request);
  const std::string_view body = std::string_view(answer).substr(std::min(answer.find("\r\n\r\n") + 4, answer.size()));
  if (!answer.starts_with("HTTP/1.1 ")) {
    say_error(io, say(config.language, kNobody, config.listen.port));
    return ExitCode::failed;
  }
  if (!answer.starts_with("HTTP/1.1 200 ")) {
    const std::string why = between(body, "\"error\":\"");
    say_error(io, say(config.language, kRefused, printable(why.empty() ? body : why)));
    return ExitCode::failed;
  }
  if (json) {
    io.out << body;
    return ExitCode::ok;
  }
  const std::string policy = between(body, "\"policy\":\"");
  const std::string pin = between(body, "\"pin\":\"");
  io.out << (pin == "off" ? say(config.language, kStateNoPin, policy) : say(config.language, kState, policy, pin));
  return ExitCode::ok;
}

std::string token_field(const Config& config) {
  return config.listen.token.empty() ? "" : fmt::format("x-distiq-token: {}\r\n", config.listen.token.reveal());
}

ExitCode change(const Config& config, std::string_view name, std::string_view value, bool json, const CommandIo& io) {
  const auto key = read_control_key(config.home);
  if (!key) {
    const bool nobody = identify_port_occupant(config.listen.host, config.listen.port) == PortOccupant::nobody;
    say_error(io, nobody ? say(config.language, kNobody, config.listen.port)
                         : say(config.language, kNoKey, key.error().log_detail));
    return ExitCode::failed;
  }
  const std::string body = fmt::format(R"({{"{}":"{}"}})", name, value);
  return speak(config,
               fmt::format("POST /distiq/policy HTTP/1.1\r\nHost: localhost\r\n{}x-distiq-control: {}\r\n"
                           "Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                           token_field(config), key->reveal(), body.size(), body),
               json, io);
}

}  // namespace

ExitCode run_policy(const Config& config, const std::string& policy, bool json, const CommandIo& io) {
  if (policy != "show") return change(config, "policy", policy, json, io);
  return speak(
      config,
      fmt::format("GET /distiq/policy HTTP/1.1\r\nHost: localhost\r\n{}Connection: close\r\n\r\n", token_field(config)),
      json, io);
}

ExitCode run_pin(const Config& config, const std::string& tier, bool json, const CommandIo& io) {
  return change(config, "pin", tier, json, io);
}

}  // namespace distiq
