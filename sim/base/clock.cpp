#include "base/clock.h"

#include <array>
#include <chrono>
#include <ctime>

namespace sim {

UnixMs Clock::now() const {
  if (frozen_) return offset_;
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall).count() + offset_;
}

std::string format_rfc3339(UnixMs time) {
  const auto seconds = static_cast<std::time_t>(time / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace sim
