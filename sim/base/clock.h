// The simulator's own time: wall clock plus what was skipped, or frozen for tests. Milliseconds since 1970. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace sim {

using UnixMs = std::int64_t;

class Clock {
 public:
  Clock() = default;
  // Frozen: moves only by advance().
  explicit Clock(UnixMs frozen_at) : frozen_(true), offset_(frozen_at) {}

  UnixMs now() const;
  void advance(std::int64_t ms) { offset_ += ms; }
  std::int64_t skipped_ms() const { return frozen_ ? 0 : offset_.load(); }

 private:
  const bool frozen_ = false;
  std::atomic<std::int64_t> offset_{0};
};

// "2026-11-23T18:50:05Z"
std::string format_rfc3339(UnixMs time);

}  // namespace sim
