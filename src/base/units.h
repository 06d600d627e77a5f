// Money and other lookalike numbers as types. Any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace distiq {

// 10^-12 US dollars. One Haiku cache-read token costs 10 000 of them, so every list price is an integer per token.
// int64 holds +-9.2 million dollars: enough for a sum over any store of ours. Sums stop at the ends of the range:
// counts come from outside.
struct PicoUsd {
  std::int64_t value = 0;

  auto operator<=>(const PicoUsd&) const = default;
  PicoUsd& operator+=(PicoUsd other) { return *this = *this + other; }
  PicoUsd& operator-=(PicoUsd other) { return *this = *this - other; }
  friend PicoUsd operator+(PicoUsd a, PicoUsd b) {
    std::int64_t sum = 0;
    return {__builtin_add_overflow(a.value, b.value, &sum) ? end_towards(b.value > 0) : sum};
  }
  friend PicoUsd operator-(PicoUsd a, PicoUsd b) {
    std::int64_t difference = 0;
    return {__builtin_sub_overflow(a.value, b.value, &difference) ? end_towards(b.value < 0) : difference};
  }
  friend PicoUsd operator-(PicoUsd a) { return PicoUsd{} - a; }

  // Rounded half away from zero. A request's cost is rounded with this once, when its record is made.
  [[nodiscard]] std::int64_t to_micro_usd() const {
    const PicoUsd half{value < 0 ? -500'000 : 500'000};
    return (*this + half).value / 1'000'000;
  }

 private:
  static std::int64_t end_towards(bool positive) {
    return positive ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
  }
};

}  // namespace distiq
