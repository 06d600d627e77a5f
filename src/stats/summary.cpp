#include "stats/summary.h"

#include <algorithm>
#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 4> period_names = {"day", "week", "month", "all"};

}  // namespace

std::string_view to_string(Period period) {
  return period_names[static_cast<std::size_t>(period)];
}

std::optional<Period> period_from(std::string_view name) {
  const auto found = std::find(period_names.begin(), period_names.end(), name);
  if (found == period_names.end()) return std::nullopt;
  return static_cast<Period>(found - period_names.begin());
}

Totals& Totals::operator+=(const Totals& other) {
  std::array<std::int64_t, sizeof(Totals) / sizeof(std::int64_t)> addends{};
  std::size_t next = 0;
  visit_totals(other, [&](const char*, std::int64_t value) { addends[next++] = value; });
  next = 0;
  visit_totals(*this, [&](const char*, std::int64_t& value) { value += addends[next++]; });
  return *this;
}

std::string_view AccountLimits::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

}  // namespace distiq
