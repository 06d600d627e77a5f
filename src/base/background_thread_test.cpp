#include "base/background_thread.h"

#include <gtest/gtest.h>
#ifdef __linux__
#include <sched.h>
#endif
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

TEST(BackgroundThread, only_the_calling_thread_lets_others_finish_first) {
#ifdef __linux__
  const int before = ::sched_getscheduler(0);
  int inside = -1;
  int nice_inside = -1;
  std::thread([&] {
    let_others_finish_first();
    inside = ::sched_getscheduler(0);
    nice_inside = nice_of_caller();
  }).join();
  EXPECT_EQ(::sched_getscheduler(0), before);
  EXPECT_EQ(inside, SCHED_BATCH);
  EXPECT_EQ(nice_inside, nice_of_caller());
#else
  let_others_finish_first();
#endif
}

}  // namespace
}  // namespace distiq
