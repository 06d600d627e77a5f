// Money and other lookalike numbers as types. Any thread.
#pragma once

#include <compare>
#include <cstdint>

namespace distiq {

// 10^-12 US dollars. One Haiku cache-read token costs 10 000 of them, so every list price is an integer per token.
// int64 holds +-9.2 million dollars: enough for a sum over any store of ours.
struct PicoUsd {
  std::int64_t value = 0;

  auto operator<=>(const PicoUsd&) const = default;
  PicoUsd& operator+=(PicoUsd other) { value += other.value; return *this; }
  PicoUsd& operator-=(PicoUsd other) { value -= other.value; return *this; }
  friend PicoUsd operator+(PicoUsd a, PicoUsd b) { return {a.value + b.value}; }
  friend PicoUsd operator-(PicoUsd a, PicoUsd b) { return {a.value - b.value}; }
  friend PicoUsd operator-(PicoUsd a) { return {-a.value}; }

  // Rounded half away from zero. A request's cost is rounded with this once, when its record is made.
  [[nodiscard]] std::int64_t to_micro_usd() const {
    const std::int64_t half = value < 0 ? -500'000 : 500'000;
    return (value + half) / 1'000'000;
  }
};

}  // namespace distiq
