// Time as a dependency. Nothing outside base/ asks the operating system what time it is.
// Any thread.
#pragma once

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
