#include "promptcache/lane_memory.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(LaneMemory, a_new_lane_is_empty_and_then_known) {
  LaneMemory<int> lanes(2);
  EXPECT_EQ(lanes.find("a"), nullptr);
  EXPECT_EQ(lanes.touch("a"), 0);
  lanes.touch("a") = 7;
  ASSERT_NE(lanes.find("a"), nullptr);
  EXPECT_EQ(*lanes.find("a"), 7);
  EXPECT_EQ(lanes.size(), 1u);
}

TEST(LaneMemory, the_one_touched_longest_ago_is_forgotten) {
  LaneMemory<int> lanes(2);
  lanes.touch("a") = 1;
  lanes.touch("b") = 2;
  lanes.touch("a") = 3;
  lanes.touch("c") = 4;
  EXPECT_EQ(lanes.find("b"), nullptr);
  EXPECT_EQ(*lanes.find("a"), 3);
  EXPECT_EQ(*lanes.find("c"), 4);
  EXPECT_EQ(lanes.size(), 2u);
  EXPECT_EQ(lanes.touch("b"), 0) << "what was forgotten begins anew";
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
  lanes.touch("a") = 1;
  lanes.touch("a") = 2;
  lanes.touch("b") = 3;
  EXPECT_EQ(lanes.find("a"), nullptr);
  EXPECT_EQ(*lanes.find("b"), 3);
}

}  // namespace
}  // namespace distiq
