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
