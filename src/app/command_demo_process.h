// A program started for the demo: read line by line, ended with this process whatever happens. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace distiq {

class DemoProcess {
 public:
  // `environment` is all that the program gets ("NAME=value"). Its stderr is ours.
  [[nodiscard]] static Result<DemoProcess> start(const std::filesystem::path& program,
                                                 const std::vector<std::string>& arguments,
                                                 const std::vector<std::string>& environment);
  DemoProcess(DemoProcess&& other) noexcept;
  DemoProcess& operator=(DemoProcess&&) = delete;
  ~DemoProcess();  // kills it if stop() was not called

  // The next line of its stdout without the line break; nullopt if none came within `limit` or it has ended.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds limit);

  // Its exit code, once it has ended by itself; -1 if a signal ended it.
  [[nodiscard]] int wait();
  // SIGTERM, then what it still writes goes to `rest`. Its exit code; -1 if it had to be killed after `limit`.
  [[nodiscard]] int stop(std::chrono::milliseconds limit, std::vector<std::string>& rest);

 private:
  DemoProcess(int pid, int output) : pid_(pid), output_(output) {}

  int pid_;
  int output_;
  std::string buffer_;
};

// This program's file; empty if the system does not tell.
[[nodiscard]] std::filesystem::path own_program();
// The folder in which it lies.
[[nodiscard]] std::filesystem::path own_folder();

}  // namespace distiq
