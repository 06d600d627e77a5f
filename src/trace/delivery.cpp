#include "trace/delivery.h"

#include <algorithm>

namespace distiq {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds first_delay = seconds(1);
constexpr milliseconds first_delay_asked_for{100};  // "at once" for ever would be a loop
constexpr milliseconds longest_delay = seconds(30);
constexpr std::int64_t longest_wish_s = 120;
constexpr int most_doublings = 10;

milliseconds doubled(milliseconds first, int tries) {
  return std::min(first * (1 << std::clamp(tries - 1, 0, most_doublings)), longest_delay);
}

}  // namespace

Delivery delivery_of(const CollectorAnswer& answer) {
  if (answer.status / 100 == 2) return Delivery::taken;
  switch (answer.status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
      return Delivery::later;
    default:
      return Delivery::refused;
  }
}

milliseconds retry_delay(int tries, const CollectorAnswer& answer, double jitter) {
  if (answer.retry_after_s >= 0) {
    const milliseconds wish = seconds(std::min(answer.retry_after_s, longest_wish_s));
    return std::max(wish, doubled(first_delay_asked_for, tries));
  }
  const milliseconds delay = doubled(first_delay, tries);
  return delay + milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * jitter / 2));
}

}  // namespace distiq
