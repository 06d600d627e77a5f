// Whole lines to a file descriptor that may block (a terminal after Ctrl-S, a full pipe): an own thread writes them, so
// that whoever has something to say never waits. What does not fit is dropped and counted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/bounded_queue.h"

namespace distiq {

class LineWriter {
 public:
  static constexpr std::size_t kMaxLineBytes = 8192;  // a longer line is cut: 2048 of them are 16 MB at worst

  // Does not own `fd` and does not change its flags: it is often shared with a terminal.
  explicit LineWriter(int fd, std::size_t max_lines = 2048);
  // Gives what is queued one second, then drops it.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Adds the line break itself. Never blocks, never throws. Any thread.
  void write(std::string_view line) noexcept;

  // Waits until every line so far is written or given up; false if that took longer than `limit`. Any thread.
  bool flush(std::chrono::milliseconds limit);

  // Lines that were never written: queue full, or the descriptor is broken.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  void run();
  // The first `size` bytes of text_.
  void take_text(std::size_t size);
  // The lines of these sizes, which stand in taken_ one behind the other.
  void write_lines(std::span<const std::uint32_t> sizes);
  // The number of bytes that were written; fewer than all: the descriptor is broken or it is time to give up.
  std::size_t write_all(std::string_view bytes);
  bool wait_writable();

  const int fd_;
  const bool may_block_;
  BoundedQueue<std::uint32_t> queue_;  // the size of each line, its break included
  std::atomic<bool> give_up_{false};
  std::atomic<std::uint64_t> lost_{0};
  std::mutex mutex_;
  std::condition_variable progress_;
  std::uint64_t accepted_ = 0;  // under mutex_
  std::uint64_t finished_ = 0;  // under mutex_
  std::string text_;            // under mutex_: the lines of queue_, in one piece for all threads that write any
  std::string taken_;           // the thread's
  bool broken_ = false;         // the thread's
  std::thread thread_;          // last: it uses everything above
};

}  // namespace distiq
