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

TEST(IdSource, clustered_ids_never_repeat_and_differ_only_in_their_end_for_a_while) {
  IdSource source(0xffff'0000'0000'0007);  // the last cluster: the next one begins at 0
  std::set<std::string> seen;
  std::set<std::string> clusters;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = source.next_clustered("");
    EXPECT_EQ(id.size(), 16u);
    EXPECT_TRUE(seen.insert(id).second);
    clusters.insert(id.substr(0, 4));
  }
  EXPECT_EQ(clusters, (std::set<std::string>{"0000", "0001", "ffff"}));
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
