// How fast a subscription's windows fill, from the anthropic-ratelimit-unified-* headers of its answers. Only what
// was reported, never guessed from tokens. Pure functions over values. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/header_list.h"

namespace distiq {

struct QuotaPressure {
  bool leans_to_saver = false;
  std::string because{};  // one line, where it leans
};

// One window's newest report.
struct QuotaWindow {
  double utilization = 0;  // 0..1
  WallTime reset{};
  WallTime seen{};
  bool known = false;
};

// What one answer's headers say of the two windows; absent where they say nothing (valid).
struct QuotaReport {
  struct Window {
    double utilization = 0;  // 0..1
    WallTime reset{};
  };
  std::array<std::optional<Window>, 2> windows{};

  [[nodiscard]] bool empty() const { return !windows[0] && !windows[1]; }
};
[[nodiscard]] QuotaReport read_quota(const HeaderList& headers);

// The two windows of one account; fed with every answer's report.
class QuotaPace {
 public:
  // What it says nothing of stays as it was.
  void learn(const QuotaReport& report, WallTime now);
  // Leans where a window that is far enough on would be used up before it resets, at its pace so far.
  [[nodiscard]] QuotaPressure pressure(WallTime now) const;

  [[nodiscard]] const QuotaWindow& five_hours() const { return windows_[0]; }
  [[nodiscard]] const QuotaWindow& seven_days() const { return windows_[1]; }

 private:
  std::array<QuotaWindow, 2> windows_{};
};

}  // namespace distiq
