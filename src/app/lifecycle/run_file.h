// How commands find the proxies that run with one state folder: a file per proxy in <home>/run, locked by its process
// for as long as it lives, so that a file left by a killed process says nothing. Blocks for moments; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace distiq {

struct RunningProxy {
  int pid = 0;
  std::string host;  // as it listens: an IP address
  std::uint16_t port = 0;
  std::string url;
  std::string version;
  std::int64_t started_at_ms = 0;
  std::string log_file;  // "": its output goes to a terminal or a service manager
};

// Held by a proxy while it answers; removes its file at the end.
class RunFile {
 public:
  // Fails with store_unavailable: the proxy can work without, `stop` and `status` then do not see it.
  [[nodiscard]] static Result<RunFile> place(const std::filesystem::path& home, const RunningProxy& proxy);
  RunFile(RunFile&& other) noexcept;
  RunFile& operator=(RunFile&&) = delete;
  ~RunFile() { remove(); }

  void remove();  // may be repeated

 private:
  RunFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::filesystem::path path_;
  int fd_;
};

// Those that live, by port. Files of dead ones are removed.
[[nodiscard]] std::vector<RunningProxy> running_proxies(const std::filesystem::path& home);

// True if the process has ended, or ends within `limit`. It need not be a child of ours.
[[nodiscard]] bool wait_for_end(int pid, std::chrono::milliseconds limit);

// Held by every process started through `run`, and inherited by what it starts: a proxy started for them ends when
// nobody holds it any more. The descriptor is never closed: it ends with its process.
class UserLock {
 public:
  // As a user. Waits where a proxy is just ending.
  [[nodiscard]] static Result<UserLock> share(const std::filesystem::path& home);
  // As the proxy; see is_unused().
  [[nodiscard]] static Result<UserLock> watch(const std::filesystem::path& home);

  void keep_over_exec() const;
  // True: no user is left, and no new one gets the lock before release(): until then the proxy can take itself out of
  // sight.
  [[nodiscard]] bool is_unused() const;
  void release() const;

 private:
  explicit UserLock(int fd) : fd_(fd) {}
  int fd_;
};

// One process at a time looks for a proxy and starts one where there is none. Ends with the process or at its exec.
[[nodiscard]] Result<void> wait_for_turn_to_start(const std::filesystem::path& home);

}  // namespace distiq
