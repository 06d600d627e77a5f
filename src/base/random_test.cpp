#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace distiq {
namespace {

TEST(Random, fills_every_byte_and_never_repeats) {
  std::string first(4096, '\0');
  std::string second(4096, '\0');
  ASSERT_TRUE(fill_random(first));
  ASSERT_TRUE(fill_random(second));
  EXPECT_NE(first, second);
  EXPECT_LT(std::ranges::count(first, '\0'), 64) << "about 16 of 4096 are zero";
  EXPECT_NE(first.substr(4088), std::string(8, '\0'));
}

TEST(Random, nothing_to_fill_is_fine) {
  EXPECT_TRUE(fill_random({}));
}

}  // namespace
}  // namespace distiq
