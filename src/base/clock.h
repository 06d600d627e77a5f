// Time as a dependency. Nothing outside base/ asks the operating system what time it is.
// Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace distiq {

// Nanoseconds since boot, counted through suspend (CLOCK_BOOTTIME): TTLs and pool ages must not stop with the laptop.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
// Unix time; for showing people and for records only, never for intervals.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual MonotonicTime monotonic() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

// The process-wide real clock; stateless.
[[nodiscard]] const Clock& system_clock();

// Another clock, moved forward by what a test said so far. Any thread.
class MovableClock final : public Clock {
 public:
  explicit MovableClock(const Clock& base) : base_(base) {}  // which outlives this one

  [[nodiscard]] MonotonicTime monotonic() const override { return base_.monotonic() + ahead(); }
  [[nodiscard]] WallTime wall() const override { return base_.wall() + ahead(); }
  // Requires: not negative, TTLs do not run backwards.
  void advance(std::chrono::milliseconds by) { ahead_ms_.fetch_add(by.count(), std::memory_order_relaxed); }
  [[nodiscard]] std::chrono::milliseconds ahead() const {
    return std::chrono::milliseconds(ahead_ms_.load(std::memory_order_relaxed));
  }

 private:
  const Clock& base_;
  std::atomic<std::int64_t> ahead_ms_{0};
};

// For tests: stands still until moved. Not thread-safe.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override { return monotonic_; }
  [[nodiscard]] WallTime wall() const override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    monotonic_ += by;
    wall_ += std::chrono::duration_cast<std::chrono::milliseconds>(by);
  }
  void set_wall(WallTime to) { wall_ = to; }

 private:
  MonotonicTime monotonic_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::milliseconds(1'795'000'000'000)};  // 2026-11-18, an arbitrary fixed day
};

}  // namespace distiq
