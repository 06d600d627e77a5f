#include "stats/summary_calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>
#include <optional>

namespace distiq {
namespace {

std::optional<std::tm> local_time(std::int64_t unix_ms) {
  // Year 9999 and its mirror: std::chrono::year ends at 32767.
  constexpr std::int64_t max_ms = 253'402'300'799'000;
  if (unix_ms > max_ms || unix_ms < -max_ms) return std::nullopt;
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000 - (unix_ms % 1000 < 0 ? 1 : 0));
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return std::nullopt;
  return local;
}

}  // namespace

std::int32_t local_day(std::int64_t unix_ms) {
  const auto local = local_time(unix_ms);
  if (!local) return 0;
  const std::chrono::year_month_day date(std::chrono::year(local->tm_year + 1900),
                                         std::chrono::month(static_cast<unsigned>(local->tm_mon + 1)),
                                         std::chrono::day(static_cast<unsigned>(local->tm_mday)));
  return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::int32_t first_day_of(Period period, std::int64_t now_ms) {
  switch (period) {
    case Period::day:
      return local_day(now_ms);
    case Period::week:
      return local_day(now_ms) - 6;
    case Period::month:
      return local_day(now_ms) - 29;
    case Period::all:
      break;
  }
  return std::numeric_limits<std::int32_t>::min() / 2;
}

std::string day_text(std::int32_t day) {
  constexpr std::int32_t last_day_of_9999 = 2'932'896;
  const std::chrono::sys_days days(std::chrono::days(std::clamp(day, -last_day_of_9999, last_day_of_9999)));
  const std::chrono::year_month_day date(days);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string minute_text(std::int64_t unix_ms) {
  const auto local = local_time(unix_ms);
  if (!local) return "?";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", local->tm_year + 1900, local->tm_mon + 1, local->tm_mday,
                     local->tm_hour, local->tm_min);
}

std::string second_text(std::int64_t unix_ms) {
  const auto local = local_time(unix_ms);
  return local ? fmt::format("{}:{:02}", minute_text(unix_ms), local->tm_sec) : "?";
}

}  // namespace distiq
