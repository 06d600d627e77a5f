// Runs the user's `claude` CLI: no shell, prompt by standard input, bounded in number, time and output, killed with all
// it started as soon as nobody wants its answer. A run lives on the io thread that started it; ClaudeCli is for any
// thread.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "claude_cli/cli_event.h"
#include "claude_cli/cli_request.h"
#include "http/exchange_io.h"

namespace distiq {

struct ClaudeCliConfig {
  std::filesystem::path program;         // absolute
  std::filesystem::path folder;          // where it runs: nothing must lie there that it could take for a project
  std::vector<std::string> environment;  // cli_environment()
  std::string tools;                     // it may use these by itself, without asking; empty: none
  std::chrono::milliseconds time_limit{600'000};  // of one run
  std::size_t max_output_bytes = 64u << 20;       // of one run, as it prints them
  unsigned max_runs = 4;                          // at one time
  std::chrono::milliseconds farewell{2'000};      // a process that has closed its output gets to end by itself
};

// One run. Destroying it kills what is left of it, and may then wait for some milliseconds: settle() first.
class CliRun {
 public:
  virtual ~CliRun() = default;

  // The next event; nullopt: the output has ended. Errors: upstream_timeout (time limit), upstream_broke (too much
  // output), cancelled (killed).
  virtual Task<Result<std::optional<CliEvent>>> next() = 0;
  // At once, with all its children; a next() that waits ends with `cancelled`.
  virtual void kill() noexcept = 0;
  // Waits for the process's end; one that outlives its output is killed.
  virtual Task<void> settle() = 0;
  // After settle(): the exit code, or 128 + the signal that ended it.
  [[nodiscard]] virtual int exit_code() const = 0;
  // The end of what it wrote to standard error, for the log only: it may quote anything.
  [[nodiscard]] virtual std::string complaint() const = 0;
};

class ClaudeCli {
 public:
  explicit ClaudeCli(ClaudeCliConfig config) : config_(std::move(config)) {}  // outlives every run

  // Errors: client_fault (see cli_arguments), overloaded (max_runs), upstream_unreachable (the program cannot be run).
  // Blocks for as long as the system needs to start a process (about a millisecond).
  [[nodiscard]] Result<std::unique_ptr<CliRun>> start(const CliRequest& request, IoExecutor executor);

  [[nodiscard]] unsigned running() const { return running_.load(std::memory_order_relaxed); }

 private:
  const ClaudeCliConfig config_;
  std::atomic<unsigned> running_{0};
};

}  // namespace distiq
