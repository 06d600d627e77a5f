// A program started to hear what it says: its stdout is read, and it ends with this process whatever happens. One
// thread; blocks.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace distiq {

enum class ChildStreams {
  shared,  // its stdin and stderr are ours
  quiet,   // both are /dev/null
};

class ChildProcess {
 public:
  // `environment` is all that the program gets ("NAME=value").
  [[nodiscard]] static Result<ChildProcess> start(const std::filesystem::path& program,
                                                  const std::vector<std::string>& arguments,
                                                  const std::vector<std::string>& environment,
                                                  ChildStreams streams = ChildStreams::shared);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // kills it if neither wait() nor stop() was called

  // The next line of its stdout without the line break; nullopt if none came within `limit` or it has ended.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds limit);
  // The rest of its stdout; nullopt if it did not close it within `limit`, or writes more than `most` bytes.
  [[nodiscard]] std::optional<std::string> read_all(std::chrono::milliseconds limit, std::size_t most);

  // Its exit code, once it has ended by itself; -1 if a signal ended it.
  [[nodiscard]] int wait();
  // SIGTERM, then the lines that it still writes go to `rest`. Its exit code; -1 if it had to be killed: after `limit`,
  // or because it went on and on (1 MB).
  [[nodiscard]] int stop(std::chrono::milliseconds limit, std::vector<std::string>& rest);

 private:
  ChildProcess(int pid, int output) : pid_(pid), output_(output) {}
  [[nodiscard]] std::optional<std::string> take_line();  // of buffer_
  // How many bytes came into buffer_, 0 at the end; nullopt: none within `limit`, or an error.
  [[nodiscard]] std::optional<std::size_t> read_some(std::chrono::milliseconds limit);

  int pid_;
  int output_;
  std::string buffer_;
};

// This program's file; empty if the system does not tell.
[[nodiscard]] std::filesystem::path own_program();
// The folder in which it lies.
[[nodiscard]] std::filesystem::path own_folder();

}  // namespace distiq
