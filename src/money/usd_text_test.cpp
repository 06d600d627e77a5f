#include "money/usd_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace distiq {
namespace {

TEST(usd_text, rounds_once_half_away_from_zero) {
  EXPECT_EQ(usd_text({30'349'999'999}, 4), "$0.0303");
  EXPECT_EQ(usd_text({30'350'000'000}, 4), "$0.0304");
  EXPECT_EQ(usd_text({-12'000'000'000}, 4), "-$0.0120");
  EXPECT_EQ(usd_text({-12'049'999'999}, 4), "-$0.0120");
  EXPECT_EQ(usd_text({-12'050'000'000}, 4), "-$0.0121");
  EXPECT_EQ(usd_text({134'000'000'000}, 3), "$0.134");
  EXPECT_EQ(usd_text({999'950'000'000}, 4), "$1.0000");
  EXPECT_EQ(usd_text({1'234'567'890'123}, 12), "$1.234567890123");
  EXPECT_EQ(usd_text({1'500'000'000'000}, 0), "$2");
}

TEST(usd_text, zero_has_no_sign) {
  EXPECT_EQ(usd_text({0}, 4), "$0.0000");
  EXPECT_EQ(usd_text({-49'999'999}, 4), "$0.0000");
  EXPECT_EQ(usd_text({-50'000'000}, 4), "-$0.0001");
}

TEST(usd_text, ends_of_the_range) {
  EXPECT_EQ(usd_text({std::numeric_limits<std::int64_t>::max()}, 2), "$9223372.04");
  EXPECT_EQ(usd_text({std::numeric_limits<std::int64_t>::min()}, 2), "-$9223372.04");
}

TEST(count_text, borders) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1.0K");
  EXPECT_EQ(count_text(1049), "1.0K");
  EXPECT_EQ(count_text(1050), "1.1K");
  EXPECT_EQ(count_text(6100), "6.1K");
  EXPECT_EQ(count_text(99'949), "99.9K");
  EXPECT_EQ(count_text(999'949), "999.9K");
  EXPECT_EQ(count_text(999'950), "1.0M");
  EXPECT_EQ(count_text(12'345'678), "12.3M");
}

}  // namespace
}  // namespace distiq
