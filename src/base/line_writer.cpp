#include "base/line_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <vector>

namespace distiq {
namespace {

constexpr int kPollMs = 50;                    // how soon a stuck writer notices that it should give up
constexpr std::size_t kPieceBytes = 4096;      // PIPE_BUF on Linux: after POLLOUT this much cannot block on a pipe
constexpr std::size_t kBlockBytes = 65'536;    // joined lines: more saves nothing
constexpr std::size_t kKeptBytes = 1U << 20U;  // of memory, for lines to come
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

void LineWriter::write(std::string_view line) noexcept try {
  line = line.substr(0, kMaxLineBytes);
  const std::lock_guard lock(mutex_);
  const std::size_t size = line.size() + 1;
  text_.reserve(text_.size() + size);
  if (!queue_.try_push(static_cast<std::uint32_t>(size))) return;
  ++accepted_;
  text_.append(line) += '\n';  // cannot fail any more, and the thread takes it under mutex_ only
} catch (...) {
  ++lost_;  // out of memory
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
  std::vector<std::uint32_t> sizes;
  while (queue_.wait_take_all(sizes, kLinger)) {
    take_text(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
    write_lines(sizes);
    const std::lock_guard lock(mutex_);
    finished_ += sizes.size();
    progress_.notify_all();
  }
}

void LineWriter::take_text(std::size_t size) {
  if (taken_.capacity() > kKeptBytes) std::string().swap(taken_);
  taken_.clear();
  const std::lock_guard lock(mutex_);
  taken_.swap(text_);
  if (taken_.size() > size) text_.assign(taken_, size);  // lines that came meanwhile
}

void LineWriter::write_lines(std::span<const std::uint32_t> sizes) {
  std::string_view rest = taken_;
  while (!sizes.empty()) {
    std::size_t lines = 1;
    std::size_t bytes = sizes[0];
    while (lines < sizes.size() && bytes + sizes[lines] <= kBlockBytes) bytes += sizes[lines++];
    std::size_t written = broken_ ? 0 : write_all(rest.substr(0, bytes));
    broken_ = broken_ || written < bytes;
    if (broken_) {
      for (const std::size_t size : sizes.first(lines)) {
        if (written < size) ++lost_;
        written -= std::min(written, size);
      }
    }
    rest.remove_prefix(bytes);
    sizes = sizes.subspan(lines);
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
