// One function per command. Each blocks until it is done, writes for people or scripts to `io` and gives the exit code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/exit_code.h"
#include "base/environment.h"

namespace distiq {

struct CommandIo {
  std::ostream& out;
  std::ostream& err;
  const Environment& environment;
};

struct StatsOptions {
  std::string period = "day";  // day, week, month or all
  bool json = false;
  bool csv = false;     // everything by day, model and kind of work
  bool live = false;    // refreshed until q or Ctrl-C
  bool verify = false;  // recompute everything from the raw rows; exit code 1 if something does not agree
  bool proof = false;   // what a hold-out shows
  bool cache = false;   // how the prompt cache fares
  bool erase = false;   // forget everything instead
  bool yes = false;     // without asking
};

struct DemoOptions {
  std::filesystem::path simulator;  // empty: beside this program
  bool json = false;                // closing statistics on stdout as JSON, everything else on stderr
};

struct StartOptions {
  bool background = false;    // return as soon as requests are answered
  bool until_unused = false;  // end with the last program started by `run`
};

struct StopOptions {
  bool now = false;                   // cut running streams
  std::optional<std::uint16_t> port;  // this one only; else all of the state folder
};

struct ExplainOptions {
  std::string id;        // empty: the newest request
  std::size_t last = 0;  // a list of that many instead
  bool json = false;
};

struct SetupOptions {
  bool undo = false;
  bool dry_run = false;        // show what would change, change nothing
  bool yes = false;            // without asking
  bool service = false;        // as a service of the user, too
  std::string scope = "user";  // or "project": .claude/settings.local.json of the current folder
};

[[nodiscard]] ExitCode run_start(const Config& config, const StartOptions& options, const CommandIo& io);
// The proxies of this state folder. `stop`: exit code 1 if the one asked for is not there. `status`: exit code 1 if
// there is none.
[[nodiscard]] ExitCode run_stop(const Config& config, const StopOptions& options, const CommandIo& io);
[[nodiscard]] ExitCode run_status(const Config& config, bool json, const CommandIo& io);
[[nodiscard]] ExitCode run_stats(const Config& config, const StatsOptions& options, const CommandIo& io);
// `stats --live`: what runs now and today's sums, once a second on a terminal; else once.
[[nodiscard]] ExitCode run_stats_live(const Config& config, const CommandIo& io);
// policy: "show", or the one to change to; tier: haiku, sonnet, opus or "off". Both speak to the running proxy.
[[nodiscard]] ExitCode run_policy(const Config& config, const std::string& policy, bool json, const CommandIo& io);
[[nodiscard]] ExitCode run_pin(const Config& config, const std::string& tier, bool json, const CommandIo& io);
[[nodiscard]] ExitCode run_explain(const Config& config, const ExplainOptions& options, const CommandIo& io);
[[nodiscard]] ExitCode run_config(const Config& config, bool json, const CommandIo& io);
[[nodiscard]] ExitCode run_version(bool json, const CommandIo& io);
// Reads what Claude Code tells its status line command on stdin and prints one line, whatever happens; exit code 0.
[[nodiscard]] ExitCode run_statusline(const Result<Config>& config, const CommandIo& io);
// Looks for what keeps Claude Code, proxy and upstream from working together; a line per check with what to do. Exit
// code failed if a check failed; warnings do not count. Blocks for at most about 20 seconds.
[[nodiscard]] ExitCode run_doctor(const Config& config, bool json, const CommandIo& io);
// Simulator and proxy as processes of their own on free ports with a temporary state folder; plays recorded sessions
// and compares what was recorded with what the simulator billed.
[[nodiscard]] ExitCode run_demo(const DemoOptions& options, const CommandIo& io);

// "warning: <sentence>" in the language.
[[nodiscard]] std::string warning_text(Language language, std::string_view sentence);
// "distiq-code: <sentence>" on stderr.
void say_error(const CommandIo& io, std::string_view sentence);

}  // namespace distiq
