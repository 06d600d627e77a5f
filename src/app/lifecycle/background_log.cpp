#include "app/lifecycle/background_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

namespace distiq {
namespace {

int open_log(const std::filesystem::path& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

// Signals are the main thread's.
template <class Start>
void without_signals(Start start) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  start();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void point_to(int target, int source) {
  if (source >= 0) (void)::dup2(source, target);
}

}  // namespace

Result<std::unique_ptr<BackgroundLog>> BackgroundLog::start(const std::filesystem::path& file, std::size_t max_bytes) {
  const auto failed = [&](int code) -> std::unexpected<Error> {
    auto text = fmt::format("{}: {}", file.string(), std::generic_category().message(code));
    return fail(ErrorKind::bad_config, text, text);
  };
  const int fd = open_log(file);
  if (fd < 0) return failed(errno);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    const int code = errno;
    ::close(fd);
    return failed(code);
  }
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  point_to(STDIN_FILENO, nothing);
  point_to(STDOUT_FILENO, ends[1]);
  point_to(STDERR_FILENO, ends[1]);
  ::close(ends[1]);
  if (nothing > STDERR_FILENO) ::close(nothing);
  return std::unique_ptr<BackgroundLog>(new BackgroundLog(file, fd, ends[0], max_bytes));
}

BackgroundLog::BackgroundLog(std::filesystem::path file, int fd, int pipe, std::size_t max_bytes)
    : file_(std::move(file)), max_bytes_(max_bytes), pipe_(pipe), fd_(fd) {
  struct stat info{};
  if (::fstat(fd_, &info) == 0) size_ = static_cast<std::size_t>(info.st_size);
  without_signals([this] { thread_ = std::thread([this] { run(); }); });
}

BackgroundLog::~BackgroundLog() {
  (void)std::fflush(nullptr);
  // Closing both ends the pipe, and with it the thread.
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  point_to(STDOUT_FILENO, nothing);
  point_to(STDERR_FILENO, nothing);
  if (nothing > STDERR_FILENO) ::close(nothing);
  thread_.join();
  ::close(pipe_);
  if (fd_ >= 0) ::close(fd_);
}

void BackgroundLog::run() {
  std::array<char, 16384> block;
  while (true) {
    const auto count = ::read(pipe_, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    write(block.data(), static_cast<std::size_t>(count));
  }
}

void BackgroundLog::write(const char* bytes, std::size_t size) {
  if (size_ + size > max_bytes_) {
    (void)std::rename(file_.c_str(), (file_.string() + ".1").c_str());
    if (fd_ >= 0) ::close(fd_);
    fd_ = open_log(file_);
    size_ = 0;
  }
  while (fd_ >= 0 && size > 0) {
    const auto count = ::write(fd_, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // full disk: these bytes are lost
    bytes += count;
    size -= static_cast<std::size_t>(count);
    size_ += static_cast<std::size_t>(count);
  }
}

}  // namespace distiq
