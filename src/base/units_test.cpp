#include "base/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace distiq {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST(pico_usd, sums_stop_at_the_ends_of_the_range) {
  EXPECT_EQ(PicoUsd{kMax} + PicoUsd{1}, PicoUsd{kMax});
  EXPECT_EQ(PicoUsd{kMin} + PicoUsd{-1}, PicoUsd{kMin});
  EXPECT_EQ(PicoUsd{kMin} - PicoUsd{1}, PicoUsd{kMin});
  EXPECT_EQ(PicoUsd{kMax} - PicoUsd{-1}, PicoUsd{kMax});
  EXPECT_EQ(-PicoUsd{kMin}, PicoUsd{kMax});
  PicoUsd sum{5};
  sum += {7};
  sum -= {20};
  EXPECT_EQ(sum, PicoUsd{-8});
}

TEST(pico_usd, micro_dollars_round_half_away_from_zero) {
  EXPECT_EQ(PicoUsd{499'999}.to_micro_usd(), 0);
  EXPECT_EQ(PicoUsd{500'000}.to_micro_usd(), 1);
  EXPECT_EQ(PicoUsd{-499'999}.to_micro_usd(), 0);
  EXPECT_EQ(PicoUsd{-500'000}.to_micro_usd(), -1);
  EXPECT_EQ(PicoUsd{kMax}.to_micro_usd(), kMax / 1'000'000);
  EXPECT_EQ(PicoUsd{kMin}.to_micro_usd(), kMin / 1'000'000);
}

}  // namespace
}  // namespace distiq
