#include "app/setup/service_files.h"

#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <vector>

#include "app/ask.h"
#include "app/child_process.h"
#include "app/claude_code.h"
#include "app/lifecycle/command_background.h"
#include "app/lifecycle/run_file.h"
#include "app/phrase.h"
#include "base/file.h"
#include "setup/service_units.h"
#include "setup/setup_files.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

#ifdef __APPLE__
constexpr bool kHasLaunchd = true;
#else
constexpr bool kHasLaunchd = false;
#endif
constexpr std::chrono::seconds kManagerLimit{15};

constexpr Phrase will_write = {"Service files:", "Файлы службы:"};
constexpr Phrase question = {"Write them and start the service? [y/N] ", "Записать их и запустить службу? [д/Н] "};
constexpr Phrase nothing_done = {"No service was set up.", "Служба не настроена."};
constexpr Phrase not_ours = {"{} is not ours and stays as it is. No service was set up.",
                             "{} — не наш файл, он остаётся как есть. Служба не настроена."};
constexpr Phrase stop_first = {"A proxy runs already and holds the port: `distiq-code stop`, then: {}",
                               "Прокси уже работает и держит порт: `distiq-code stop`, затем: {}"};
constexpr Phrase run_yourself = {"Written. The service manager cannot be reached from here; run: {}",
                                 "Записано. Отсюда менеджер служб недоступен; выполните: {}"};
constexpr Phrase refused = {"The service manager refused: {}", "Менеджер служб отказал: {}"};
constexpr Phrase enabled = {"The service is enabled: the proxy starts by itself, and again if it should die.",
                            "Служба включена: прокси запускается сам и перезапустится, если упадёт."};
constexpr Phrase not_inherited = {
    "warning: these settings come from your shell or the command line, and a service does not see them: {}. Put them "
    "into {}.",
    "внимание: эти настройки заданы в оболочке или в командной строке, служба их не увидит: {}. Запишите их в {}."};
constexpr Phrase removed = {"The service is removed.", "Служба удалена."};

struct UnitFile {
  fs::path path;
  std::string text;
};

fs::path units_folder(const Environment& environment) {
  if (kHasLaunchd) return environment.home() / "Library" / "LaunchAgents";
  const auto config_home = environment.find("XDG_CONFIG_HOME").value_or("");
  return (config_home.empty() ? environment.home() / ".config" : fs::path(config_home)) / "systemd" / "user";
}

std::vector<UnitFile> unit_files(const Config& config, const Environment& environment) {
  const bool standard_home = config.home == environment.home() / ".distiq-code";
  const ServiceFacts facts{.program = own_program().string(),
                           .host = config.listen.host == "localhost" ? "127.0.0.1" : config.listen.host,
                           .port = config.listen.port,
                           .home = standard_home ? "" : config.home.string(),
                           .log_file = background_log_file(config).string()};
  const auto folder = units_folder(environment);
  if (kHasLaunchd) return {{folder / fmt::format("{}.plist", kLaunchdLabel), launchd_agent(facts)}};
  return {{folder / "distiq-code.socket", systemd_socket(facts)},
          {folder / "distiq-code.service", systemd_service(facts)}};
}

using Command = std::vector<std::string>;

std::vector<Command> enable_commands(const std::vector<UnitFile>& files) {
  if (kHasLaunchd) return {{"launchctl", "load", "-w", files.front().path.string()}};
  return {{"systemctl", "--user", "daemon-reload"},
          {"systemctl", "--user", "enable", "--now", "distiq-code.socket", "distiq-code.service"}};
}

std::vector<Command> disable_commands(const std::vector<UnitFile>& files) {
  if (kHasLaunchd) return {{"launchctl", "unload", "-w", files.front().path.string()}};
  return {{"systemctl", "--user", "disable", "--now", "distiq-code.socket", "distiq-code.service"},
          {"systemctl", "--user", "daemon-reload"}};
}

std::string shown(const std::vector<Command>& commands) {
  std::string text;
  for (const auto& command : commands) {
    if (!text.empty()) text += " && ";
    for (const auto& word : command) text += (text.empty() || text.ends_with("&& ") ? "" : " ") + word;
  }
  return text;
}

// The exit code; -1 where it could not be run or did not end.
int run(const Command& command, const Environment& environment) {
  const auto program = find_program(command.front(), environment);
  if (!program) return -1;
  auto process =
      ChildProcess::start(*program, {command.begin() + 1, command.end()}, assignments(environment.variables()));
  if (!process) return -1;
  while (process->read_line(kManagerLimit)) {
  }
  return process->wait();
}

bool manager_is_reachable(const Environment& environment) {
  if (kHasLaunchd) return find_program("launchctl", environment).has_value();
  // Without a session of the user systemctl would only complain.
  const bool session = !environment.find("XDG_RUNTIME_DIR").value_or("").empty();
  return session && run({"systemctl", "--user", "show-environment"}, environment) == 0;
}

std::string settings_of_the_shell(const Config& config) {
  std::string names;
  for (const auto& entry : config.entries) {
    const bool fleeting = entry.origin == ConfigOrigin::environment || entry.origin == ConfigOrigin::command_line;
    const bool carried = entry.name == "DISTIQ_HOME" || entry.name == "PROXY_PORT" || entry.name == "PROXY_HOST";
    if (fleeting && !carried) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  return names;
}

}  // namespace

ExitCode install_service(const Config& config, const SetupOptions& options, std::istream& answers,
                         const CommandIo& io) {
  const auto say = [&](const Phrase& phrase, const auto&... args) {
    return distiq::say(config.language, phrase, args...);
  };
  const auto files = unit_files(config, io.environment);
  io.out << '\n' << say(will_write) << '\n';
  for (const auto& file : files) {
    io.out << "  " << file.path.string() << '\n';
    const auto old = read_settings_text(file.path);
    if (!old || (*old && !is_our_unit(**old))) {
      say_error(io, say(not_ours, file.path.string()));
      return ExitCode::failed;
    }
  }
  if (const auto names = settings_of_the_shell(config); !names.empty()) {
    say_error(io, say(not_inherited, names, (config.home / ".env").string()));
  }
  if (options.dry_run) return ExitCode::ok;
  if (!options.yes) {
    io.out << say(question) << std::flush;
    if (!confirms(answers)) {
      io.out << say(nothing_done) << '\n';
      return ExitCode::failed;
    }
  }
  std::error_code ignored;
  fs::create_directories(units_folder(io.environment), ignored);
  for (const auto& file : files) {
    if (auto written = replace_file(file.path, file.text, 0644); !written) {
      say_error(io, written.error().client_text);
      return ExitCode::failed;
    }
  }
  const auto commands = enable_commands(files);
  if (!running_proxies(config.home).empty()) {
    io.out << say(stop_first, shown(commands)) << '\n';
    return ExitCode::ok;
  }
  if (!manager_is_reachable(io.environment)) {
    io.out << say(run_yourself, shown(commands)) << '\n';
    return ExitCode::ok;
  }
  for (const auto& command : commands) {
    if (run(command, io.environment) != 0) {
      say_error(io, say(refused, shown({command})));
      return ExitCode::failed;
    }
  }
  io.out << say(enabled) << '\n';
  return ExitCode::ok;
}

void remove_service(const Config& config, const CommandIo& io) {
  const auto files = unit_files(config, io.environment);
  bool any = false;
  for (const auto& file : files) {
    const auto text = read_settings_text(file.path);
    any = any || (text && *text && is_our_unit(**text));
  }
  if (!any) return;
  const auto commands = disable_commands(files);
  const bool reachable = manager_is_reachable(io.environment);
  if (reachable) (void)run(commands.front(), io.environment);
  std::error_code ignored;
  for (const auto& file : files) {
    const auto text = read_settings_text(file.path);
    if (text && *text && is_our_unit(**text)) fs::remove(file.path, ignored);
  }
  if (reachable && commands.size() > 1) (void)run(commands.back(), io.environment);
  io.out << removed.in(config.language) << '\n';
}

}  // namespace distiq
