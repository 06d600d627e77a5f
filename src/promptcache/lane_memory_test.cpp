#include "promptcache/lane_memory.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(LaneMemory, a_new_lane_is_empty_and_then_known) {
  LaneMemory<int> lanes(2);
  EXPECT_EQ(lanes.find("a"), nullptr);
  const auto [made, is_new] = lanes.touch("a");
  EXPECT_TRUE(is_new);
  EXPECT_EQ(made, 0);
  made = 7;
  EXPECT_FALSE(lanes.touch("a").is_new);
  ASSERT_NE(lanes.find("a"), nullptr);
  EXPECT_EQ(*lanes.find("a"), 7);
  EXPECT_EQ(lanes.size(), 1u);
}

TEST(LaneMemory, the_one_touched_longest_ago_is_forgotten) {
  LaneMemory<int> lanes(2);
  lanes.touch("a").value = 1;
  lanes.touch("b").value = 2;
  lanes.touch("a").value = 3;
  lanes.touch("c").value = 4;
  EXPECT_EQ(lanes.find("b"), nullptr);
  EXPECT_EQ(*lanes.find("a"), 3);
  EXPECT_EQ(*lanes.find("c"), 4);
  EXPECT_EQ(lanes.size(), 2u);
  EXPECT_EQ(lanes.touch("b").value, 0) << "what was forgotten begins anew";
  EXPECT_EQ(lanes.find("a"), nullptr);
}

TEST(LaneMemory, looking_makes_no_lane_younger) {
  LaneMemory<int> lanes(2);
  lanes.touch("a");
  lanes.touch("b");
  EXPECT_NE(lanes.find("a"), nullptr);
  lanes.touch("c");
  EXPECT_EQ(lanes.find("a"), nullptr);
  EXPECT_NE(lanes.find("b"), nullptr);
}

TEST(LaneMemory, of_one_lane_only) {
  LaneMemory<int> lanes(1);
  lanes.touch("a").value = 1;
  lanes.touch("a").value = 2;
  lanes.touch("b").value = 3;
  EXPECT_EQ(lanes.find("a"), nullptr);
  EXPECT_EQ(*lanes.find("b"), 3);
}

}  // namespace
}  // namespace distiq
