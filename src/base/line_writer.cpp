#include "base/line_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace distiq {
namespace {

constexpr int kPollMs = 50;                  // how soon a stuck writer notices that it should give up
constexpr std::size_t kPieceBytes = 4096;    // PIPE_BUF on Linux: after POLLOUT this much cannot block on a pipe
constexpr std::size_t kBlockBytes = 65'536;  // joined lines: more saves nothing
// Nobody reads faster, and a thread that is woken for each line costs more than the line.
constexpr std::chrono::milliseconds kLinger{20};
constexpr std::chrono::seconds kGoodbye{1};

bool is_regular_file(int fd) {
  struct stat found{};
  return ::fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

// A reader that has gone must cost us the line, not the process.
void block_sigpipe_in_this_thread() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

LineWriter::LineWriter(int fd, std::size_t max_lines)
    : fd_(fd), may_block_(!is_regular_file(fd)), queue_(max_lines), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  queue_.close();
  flush(kGoodbye);
  give_up_ = true;
  thread_.join();
}

void LineWriter::write(std::string line) noexcept {
  try {
    if (line.size() > kMaxLineBytes) line.resize(kMaxLineBytes);
    line += '\n';
  } catch (...) {
    ++lost_;
    return;
  }
  const std::lock_guard lock(mutex_);
  if (queue_.try_push(std::move(line))) ++accepted_;
}

bool LineWriter::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const auto target = accepted_;
  return progress_.wait_for(lock, limit, [&] { return finished_ >= target; });
}

std::uint64_t LineWriter::dropped() const {
  return queue_.dropped() + lost_;
}

void LineWriter::run() {
  block_sigpipe_in_this_thread();
  std::vector<std::string> lines;
  while (queue_.wait_take_all(lines, kLinger)) {
    write_lines(lines);
    const std::lock_guard lock(mutex_);
    finished_ += lines.size();
    progress_.notify_all();
  }
}

void LineWriter::write_lines(const std::vector<std::string>& lines) {
  for (auto line = lines.begin(); line != lines.end();) {
    const auto first = line;
    block_.clear();
    while (line != lines.end() && (line == first || block_.size() + line->size() <= kBlockBytes)) block_ += *line++;
    std::size_t written = broken_ ? 0 : write_all(block_);
    broken_ = broken_ || written < block_.size();
    if (!broken_) continue;
    for (auto each = first; each != line; ++each) {
      if (written < each->size()) ++lost_;
      written -= std::min(written, each->size());
    }
  }
}

std::size_t LineWriter::write_all(std::string_view bytes) {
  const std::size_t piece = may_block_ ? kPieceBytes : kBlockBytes;
  std::size_t written = 0;
  while (written < bytes.size()) {
    if (may_block_ && !wait_writable()) break;
    const auto rest = bytes.substr(written);
    const auto count = ::write(fd_, rest.data(), std::min(rest.size(), piece));
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  return written;
}

bool LineWriter::wait_writable() {
  while (!give_up_) {
    pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&entry, 1, kPollMs);
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    if ((entry.revents & POLLOUT) != 0) return true;
    return false;  // error, hang-up, not open
  }
  return false;
}

}  // namespace distiq
