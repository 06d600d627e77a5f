#include "base/background_thread.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

namespace distiq {
namespace {

// The value of the calling thread on Linux, of the process elsewhere.
int nice_of_caller() {
  return ::getpriority(PRIO_PROCESS, 0);
}

TEST(BackgroundThread, only_the_calling_thread_is_lowered) {
  const int before = nice_of_caller();
  int inside = 0;
  std::thread([&] {
    lower_priority_of_this_thread();
    inside = nice_of_caller();
  }).join();
  EXPECT_EQ(nice_of_caller(), before);
#ifdef __linux__
  EXPECT_EQ(inside, 10);
#else
  EXPECT_EQ(inside, before);
#endif
}

}  // namespace
}  // namespace distiq
