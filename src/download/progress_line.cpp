#include "download/progress_line.h"

#include <fmt/format.h>

#include <algorithm>

namespace distiq {

std::string progress_line(std::uint64_t have, std::uint64_t whole, std::uint64_t here,
                          std::chrono::milliseconds elapsed, std::size_t width) {
  constexpr double megabyte = 1'000'000;
  constexpr std::size_t text_width = 44;
  constexpr std::size_t longest_bar = 30;
  const double seconds = std::max<double>(static_cast<double>(elapsed.count()), 1) / 1000;
  const double speed = static_cast<double>(here) / seconds;
  const std::string pace = fmt::format("{:.1f} MB/s", speed / megabyte);
  if (whole == 0) return fmt::format("{:.1f} MB  {}", static_cast<double>(have) / megabyte, pace);
  const double share = std::min(1.0, static_cast<double>(have) / static_cast<double>(whole));
  std::string line;
  if (width > text_width + 10) {
    const std::size_t cells = std::min(longest_bar, width - text_width);
    const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
    for (std::size_t i = 0; i < cells; ++i) line += i < full ? "█" : "░";
    line += ' ';
  }
  line += fmt::format("{:3.0f} %  {:.1f} of {:.1f} MB  {}", share * 100, static_cast<double>(have) / megabyte,
                      static_cast<double>(whole) / megabyte, pace);
  if (speed > 0 && have < whole) {
    const double left = static_cast<double>(whole - have) / speed;
    line += left < 90 ? fmt::format("  {:.0f} s left", left) : fmt::format("  {:.0f} min left", left / 60);
  }
  return line;
}

}  // namespace distiq
