#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "app/command.h"
#include "app/duration_text.h"
#include "app/lifecycle/run_file.h"
#include "app/phrase.h"
#include "app/proxy_health.h"
#include "base/clock.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr Phrase none = {"No proxy is running with {}.", "С {} не работает ни один прокси."};
constexpr Phrase none_there = {"No proxy on port {} is running with {}.",
                               "С {1} на порту {0} не работает ни один прокси."};
constexpr Phrase others = {"Running on other ports: {}.", "На других портах работают: {}."};
constexpr Phrase all_stop = {"Stopping all {} proxies of {}; --port PORT stops one.",
                             "Останавливаются все прокси из {1}: {0}; --port ПОРТ остановит один."};
constexpr Phrase stopped = {"Stopped: {} (process {}).", "Остановлен: {} (процесс {})."};
constexpr Phrase still = {"{} (process {}) still lets running streams finish; `distiq-code stop --now` cuts them.",
                          "{} (процесс {}) ещё доводит до конца начатые ответы; `distiq-code stop --now` оборвёт их."};
constexpr Phrase refused = {"{} (process {}) cannot be stopped: it belongs to another user.",
                            "{} (процесс {}) остановить нельзя: он принадлежит другому пользователю."};
constexpr Phrase row = {"{}  process {}, up {}, version {}, {}, upstream {}{}",
                        "{}  процесс {}, работает {}, версия {}, {}, апстрим {}{}"};
constexpr Phrase one_connection = {"1 connection", "соединений 1"};
constexpr Phrase many_connections = {"{} connections", "соединений {}"};
constexpr Phrase silent_row = {"{}  process {}, up {}, version {}: DOES NOT ANSWER /health{}",
                               "{}  процесс {}, работает {}, версия {}: НЕ ОТВЕЧАЕТ на /health{}"};
constexpr Phrase log_file = {", log {}", ", журнал {}"};

bool stop_one(const Config& config, const RunningProxy& proxy, bool now, const CommandIo& io) {
  if (::kill(proxy.pid, SIGTERM) != 0 && errno == EPERM) {
    say_error(io, say(config.language, refused, proxy.url, proxy.pid));
    return false;
  }
  // With --now the second signal comes when the first one has been taken, which the file's end shows at the latest.
  if (now && !wait_for_end(proxy.pid, std::chrono::milliseconds(100))) (void)::kill(proxy.pid, SIGTERM);
  const auto limit = now ? std::chrono::milliseconds(5'000) : config.timeouts.drain + std::chrono::seconds(5);
  if (!wait_for_end(proxy.pid, limit)) {
    say_error(io, say(config.language, still, proxy.url, proxy.pid));
    return false;
  }
  io.out << say(config.language, stopped, proxy.url, proxy.pid) << '\n';
  return true;
}

std::string text_row(const Config& config, const RunningProxy& proxy, const std::optional<ProxyHealth>& health,
                     std::int64_t up_s) {
  const auto log = proxy.log_file.empty() ? "" : say(config.language, log_file, proxy.log_file);
  const std::string up = duration_text(up_s, config.language);
  if (!health) return say(config.language, silent_row, proxy.url, proxy.pid, up, proxy.version, log);
  const auto connections = health->connections == 1 ? one_connection.in(config.language)
                                                    : say(config.language, many_connections, health->connections);
  return say(config.language, row, proxy.url, proxy.pid, up, proxy.version, connections, printable(health->upstream),
             log);
}

std::string json_row(const RunningProxy& proxy, const std::optional<ProxyHealth>& health, std::int64_t up_s) {
  std::string out = fmt::format(R"({{"pid":{},"port":{},"url":)", proxy.pid, proxy.port);
  append_json_string(out, proxy.url);
  out += R"(,"version":)";
  append_json_string(out, proxy.version);
  out += fmt::format(R"(,"up_seconds":{},"answers":{},"log_file":)", up_s, health.has_value());
  append_json_string(out, proxy.log_file);
  if (health) {
    out += fmt::format(R"(,"connections":{},"upstream":)", health->connections);
    append_json_string(out, health->upstream);
  }
  return out + "}";
}

ExitCode stop_port(const Config& config, std::uint16_t port, const std::vector<RunningProxy>& proxies, bool now,
                   const CommandIo& io) {
  const auto wanted = std::ranges::find(proxies, port, &RunningProxy::port);
  if (wanted != proxies.end()) return stop_one(config, *wanted, now, io) ? ExitCode::ok : ExitCode::failed;
  std::string sentence = say(config.language, none_there, port, config.home.string());
  std::string ports;
  for (const auto& proxy : proxies) ports += fmt::format("{}{}", ports.empty() ? "" : ", ", proxy.port);
  if (!ports.empty()) sentence += ' ' + say(config.language, others, ports);
  say_error(io, sentence);
  return ExitCode::failed;
}

}  // namespace

ExitCode run_stop(const Config& config, const StopOptions& options, const CommandIo& io) {
  const auto proxies = running_proxies(config.home);
  if (options.port) return stop_port(config, *options.port, proxies, options.now, io);
  if (proxies.empty()) io.out << say(config.language, none, config.home.string()) << '\n';
  if (proxies.size() > 1) {
    io.out << say(config.language, all_stop, proxies.size(), config.home.string()) << std::endl;
  }
  bool all = true;
  for (const auto& proxy : proxies) all = stop_one(config, proxy, options.now, io) && all;
  return all ? ExitCode::ok : ExitCode::failed;
}

ExitCode run_status(const Config& config, bool json, const CommandIo& io) {
  const auto proxies = running_proxies(config.home);
  const auto now_ms = system_clock().wall().time_since_epoch().count();
  std::string rows;
  for (const auto& proxy : proxies) {
    const auto health = ask_health(config, proxy.host, proxy.port);
    const auto up_s = (now_ms - proxy.started_at_ms) / 1000;
    if (json) {
      rows += (rows.empty() ? "" : ",") + json_row(proxy, health, up_s);
    } else {
      rows += text_row(config, proxy, health, up_s) + "\n";
    }
  }
  if (json) {
    io.out << R"({"running":[)" << rows << "]}\n";
  } else {
    io.out << (proxies.empty() ? say(config.language, none, config.home.string()) + "\n" : rows);
  }
  return proxies.empty() ? ExitCode::failed : ExitCode::ok;
}

}  // namespace distiq
