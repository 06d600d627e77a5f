// One decoder's share of the memory that all decoders' windows may take together: what a br or zstd decoder holds grows
// with what it has decoded, up to its window, and 256 streams must fit the memory bar. One owner at a time; the sum is
// kept across threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

namespace distiq {

class WindowShare {
 public:
  static constexpr std::size_t kMaxTotalBytes = std::size_t{56} << 20U;

  WindowShare() = default;
  WindowShare(const WindowShare&) = delete;
  WindowShare& operator=(const WindowShare&) = delete;
  ~WindowShare() { release(); }

  // False: there is no room for so much; the share stays as it was.
  [[nodiscard]] bool grow_to(std::size_t bytes) {
    if (bytes <= held_) return true;
    const std::size_t more = bytes - held_;
    if (total_.fetch_add(more, std::memory_order_relaxed) + more > kMaxTotalBytes) {
      total_.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
    held_ = bytes;
    return true;
  }
  void release() { total_.fetch_sub(std::exchange(held_, 0), std::memory_order_relaxed); }

 private:
  static inline std::atomic<std::size_t> total_{0};
  std::size_t held_ = 0;
};

}  // namespace distiq
