// stdout and stderr of a proxy in the background, in a file that cannot grow without bound: at its cap it becomes
// <file>.1, which the next one replaces. An own thread writes, so that a slow disk stalls nobody; a file that cannot be
// written loses lines, nothing else.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/error.h"

namespace distiq {

class BackgroundLog {
 public:
  static constexpr std::size_t kMaxBytes = 4u << 20;

  // Takes over descriptors 1 and 2; stdin becomes /dev/null. Before any other thread starts. Fails with bad_config and
  // leaves the descriptors alone.
  [[nodiscard]] static Result<std::unique_ptr<BackgroundLog>> start(const std::filesystem::path& file,
                                                                    std::size_t max_bytes = kMaxBytes);
  ~BackgroundLog();  // after every other thread: what was written before is in the file then
  BackgroundLog(const BackgroundLog&) = delete;
  BackgroundLog& operator=(const BackgroundLog&) = delete;

 private:
  BackgroundLog(std::filesystem::path file, int fd, int pipe, std::size_t max_bytes);
  void run();
  void write(const char* bytes, std::size_t size);

  const std::filesystem::path file_;
  const std::size_t max_bytes_;
  const int pipe_;
  int fd_;                // the thread's
  std::size_t size_ = 0;  // the thread's
  std::thread thread_;
};

}  // namespace distiq
