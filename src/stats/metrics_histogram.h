// A latency histogram that any thread may feed: one relaxed atomic add for the bucket, one for the sum.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace distiq {

template <std::size_t N>
class Histogram {
 public:
  // Upper bounds in microseconds, ascending; what is above the last falls into "+Inf".
  explicit constexpr Histogram(std::array<std::int64_t, N> bounds_us) : bounds_us_(bounds_us) {}

  void observe(std::int64_t us) noexcept {
    if (us < 0) us = 0;
    std::size_t bucket = 0;
    while (bucket < N && us > bounds_us_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<std::uint64_t>(us), std::memory_order_relaxed);
  }

  [[nodiscard]] const std::array<std::int64_t, N>& bounds_us() const { return bounds_us_; }
  [[nodiscard]] std::uint64_t count_in(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::array<std::int64_t, N> bounds_us_;
  std::array<std::atomic<std::uint64_t>, N + 1> counts_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

}  // namespace distiq
