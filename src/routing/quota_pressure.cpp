#include "routing/quota_pressure.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace distiq {
namespace {

using std::chrono::hours;

struct WindowKind {
  std::string_view name;
  std::string_view utilization;  // names of fields
  std::string_view reset;
  std::chrono::seconds length;
};
constexpr std::array<WindowKind, 2> kWindows = {WindowKind{"5-hour", "anthropic-ratelimit-unified-5h-utilization",
                                                           "anthropic-ratelimit-unified-5h-reset", hours(5)},
                                                WindowKind{"7-day", "anthropic-ratelimit-unified-7d-utilization",
                                                           "anthropic-ratelimit-unified-7d-reset", hours(24 * 7)}};
// Most fields of an answer have other lengths.
constexpr std::size_t kUtilizationSize = kWindows[0].utilization.size();
constexpr std::size_t kResetSize = kWindows[0].reset.size();
static_assert(kUtilizationSize == kWindows[1].utilization.size() && kResetSize == kWindows[1].reset.size());

// The values of one window, the first of each name.
struct Reported {
  std::optional<std::string_view> utilization;
  std::optional<std::string_view> reset;
};

std::array<Reported, kWindows.size()> find_reported(const HeaderList& headers) {
  std::array<Reported, kWindows.size()> found;
  for (const HeaderList::Field field : headers) {
    if (field.name.size() != kUtilizationSize && field.name.size() != kResetSize) continue;
    for (std::size_t i = 0; i < kWindows.size(); ++i) {
      Reported& of = found[i];
      if (!of.utilization && equals_ignore_case(field.name, kWindows[i].utilization)) of.utilization = field.value;
      if (!of.reset && equals_ignore_case(field.name, kWindows[i].reset)) of.reset = field.value;
    }
  }
  return found;
}

// Before a tenth of the window has passed, or a tenth of it is used, a pace says little.
constexpr double kMinShare = 0.1;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace

QuotaReport read_quota(const HeaderList& headers) {
  QuotaReport report;
  const auto reported = find_reported(headers);
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    if (!reported[i].utilization || !reported[i].reset) continue;
    const auto utilization = number(*reported[i].utilization);
    const auto reset = number(*reported[i].reset);
    if (!utilization.has_value() || !reset.has_value()) continue;
    if (*utilization < 0 || *utilization > 100 || *reset < 0 || *reset > 1e11) continue;
    report.windows[i] = {.utilization = *utilization,
                         .reset = WallTime(std::chrono::seconds(static_cast<std::int64_t>(*reset)))};
  }
  return report;
}

void QuotaPace::learn(const QuotaReport& report, WallTime now) {
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const auto& window = report.windows[i];
    if (window) windows_[i] = {.utilization = window->utilization, .reset = window->reset, .seen = now, .known = true};
  }
}

QuotaPressure QuotaPace::pressure(WallTime now) const {
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    const QuotaWindow& window = windows_[i];
    if (!window.known || window.reset <= now) continue;  // a window that is over starts empty
    const double length = std::chrono::duration<double>(kWindows[i].length).count();
    const double left = std::chrono::duration<double>(window.reset - window.seen).count();
    const double passed = std::clamp(1 - left / length, 0.0, 1.0);
    if (window.utilization < kMinShare || passed < kMinShare) continue;
    const double at_end = window.utilization / passed;
    if (at_end <= 1) continue;
    return {.leans_to_saver = true,
            .because = fmt::format("{:.0f} % of the {} window used with {:.0f} % of its time gone",
                                   window.utilization * 100, kWindows[i].name, passed * 100)};
  }
  return {};
}

}  // namespace distiq
