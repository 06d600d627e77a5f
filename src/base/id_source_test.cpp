#include "base/id_source.h"

#include <gtest/gtest.h>

#include <set>

namespace distiq {
namespace {

TEST(IdSource, ids_of_one_source_never_repeat) {
  IdSource source(7);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(source.next("dq_")).second);
}

TEST(IdSource, rising_ids_never_repeat_and_begin_again_at_the_least) {
  IdSource source(0xffff'ff00'0000'0007);
  std::set<std::string> seen;
  std::string before;
  int falls = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = source.next_rising("");
    EXPECT_EQ(id.size(), 16u);
    EXPECT_TRUE(seen.insert(id).second);
    falls += id < before;
    before = id;
  }
  EXPECT_EQ(falls, 1);
  EXPECT_EQ(seen.begin()->substr(0, 7), "0000000");
}

TEST(IdSource, rising_ids_of_two_processes_that_begin_in_one_place_differ) {
  IdSource one(0xabcd'ef12'0000'0001);
  IdSource other(0xabcd'ef12'0000'0002);
  for (int i = 0; i < 10'000; ++i) EXPECT_NE(one.next_rising(""), other.next_rising(""));
}

TEST(IdSource, has_the_prefix_and_sixteen_hex_digits) {
  IdSource source;
  const std::string id = source.next("dq_");
  ASSERT_EQ(id.size(), 19u);
  EXPECT_EQ(id.substr(0, 3), "dq_");
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef", 3), std::string::npos);
}

TEST(IdSource, a_seed_decides_the_ids) {
  EXPECT_EQ(IdSource(1).next(""), IdSource(1).next(""));
  EXPECT_NE(IdSource(1).next(""), IdSource(2).next(""));
}

}  // namespace
}  // namespace distiq
