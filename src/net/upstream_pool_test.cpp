#include "net/upstream_pool.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(UpstreamPool, idle_connections_leave_the_clients_three_quarters_of_the_descriptors) {
  EXPECT_EQ(idle_share(1024, 2, 256), 128u);
  EXPECT_EQ(idle_share(1 << 20, 2, 256), 256u);
  EXPECT_EQ(idle_share(UINT64_MAX, 1, 256), 256u);
  EXPECT_EQ(idle_share(256, 64, 256), 1u);
  EXPECT_EQ(idle_share(0, 1, 256), 1u);
}

}  // namespace
}  // namespace distiq
