#include <unistd.h>

#include <ostream>

#include "app/command.h"
#include "app/lifecycle/command_background.h"
#include "app/lifecycle/inherited_listener.h"
#include "app/lifecycle/panel.h"
#include "app/lifecycle/run_file.h"
#include "app/port_probe.h"
#include "app/proxy/serve.h"
#include "app/use_colour.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"

namespace distiq {
namespace {

// What serve() says in client_text when somebody else listens on the address.
constexpr std::string_view kAddressInUse = "address in use";

RunningProxy describe(const Config& config, std::uint16_t port, const std::string& log_file) {
  return {.pid = ::getpid(),
          .host = config.listen.host,
          .port = port,
          .url = local_url(config, port),
          .version = std::string(version()),
          .started_at_ms = system_clock().wall().time_since_epoch().count(),
          .log_file = log_file};
}

ExitCode explain(const Config& config, const Error& error, const CommandIo& io) {
  if (error.client_text == kAddressInUse) {
    say_error(io, port_in_use_text(config, identify_port_occupant(config.listen.host, config.listen.port)));
    return ExitCode::port_in_use;
  }
  say_error(io, error.for_user());
  return error.kind == ErrorKind::bad_config ? ExitCode::bad_config : ExitCode::failed;
}

// `log_file` empty: in the foreground. `serving` is told the port.
ExitCode serve_until_stopped(const Config& config, const StartOptions& options, const std::string& log_file,
                             const std::function<void(std::uint16_t)>& serving, const CommandIo& io) {
  std::optional<RunFile> run_file;
  std::optional<UserLock> users;
  if (options.until_unused) {
    auto lock = UserLock::watch(config.home);
    if (!lock) return explain(config, lock.error(), io);
    users.emplace(*lock);
  }
  ServeHooks hooks;
  hooks.serving = [&](std::uint16_t port) {
    auto placed = RunFile::place(config.home, describe(config, port, log_file));
    if (placed) {
      run_file.emplace(std::move(*placed));
    } else {
      log::warn("`distiq-code stop` and `status` will not see this proxy: {}", placed.error().log_detail);
    }
    io.out << start_panel(config, port, use_colour(config, STDOUT_FILENO)) << std::flush;
    serving(port);
  };
  hooks.stopping = [&] {
    if (run_file) run_file->remove();
    if (users) users->release();
  };
  if (users) hooks.is_unused = [&] { return users->is_unused(); };
  const auto served = serve(config, hooks);
  if (served) return static_cast<ExitCode>(*served);
  return explain(config, served.error(), io);
}

}  // namespace

std::string warning_text(Language language, std::string_view sentence) {
  return (language == Language::russian ? "предупреждение: " : "warning: ") + std::string(sentence);
}

void say_error(const CommandIo& io, std::string_view sentence) {
  io.err << "distiq-code: " << sentence << std::endl;
}

ExitCode run_start(const Config& given, const StartOptions& options, const CommandIo& io) {
  Config config = given;
  if (auto taken = take_inherited_listener(config, io.environment); !taken) return explain(config, taken.error(), io);
  if (!options.background) return serve_until_stopped(config, options, "", [](std::uint16_t) {}, io);
  return run_in_background(
      config, io, [&](const std::function<void(std::uint16_t)>& serving, const CommandIo& background_io) {
        return serve_until_stopped(config, options, background_log_file(config).string(), serving, background_io);
      });
}

}  // namespace distiq
