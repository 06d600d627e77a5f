#include "app/duration_text.h"

#include <algorithm>

namespace distiq {
namespace {

constexpr Phrase kSeconds{"{} s", "{} с"};
constexpr Phrase kMinutes{"{} min", "{} мин"};
constexpr Phrase kHours{"{} h {} min", "{} ч {} мин"};
constexpr Phrase kDays{"{} d", "{} д"};

}  // namespace

std::string duration_text(std::int64_t seconds, Language language) {
  if (seconds < 60) return say(language, kSeconds, std::max<std::int64_t>(0, seconds));
  if (seconds < 3600) return say(language, kMinutes, seconds / 60);
  if (seconds < 48 * 3600) return say(language, kHours, seconds / 3600, seconds / 60 % 60);
  return say(language, kDays, seconds / 86400);
}

}  // namespace distiq
