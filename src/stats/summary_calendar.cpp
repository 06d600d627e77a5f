#include "storage/local_day.h"

#include <chrono>
#include <ctime>

namespace distiq {

std::int32_t local_day(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000 - (unix_ms % 1000 < 0 ? 1 : 0));
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return 0;  // a year that does not fit an int
  const std::chrono::year_month_day date(std::chrono::year(local.tm_year + 1900),
                                         std::chrono::month(static_cast<unsigned>(local.tm_mon + 1)),
                                         std::chrono::day(static_cast<unsigned>(local.tm_mday)));
  return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

}  // namespace distiq
