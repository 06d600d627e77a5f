#include "base/brief_mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace distiq {
namespace {

TEST(BriefMutex, one_at_a_time) {
  BriefMutex mutex;
  int count = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(count, 4 * 20'000);
}

// Held for much longer than anybody looks: those who wait have fallen asleep, and each wakes the next.
TEST(BriefMutex, whoever_sleeps_for_it_is_woken) {
  BriefMutex mutex;
  std::atomic<int> waiting = 0;
  int entered = 0;
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex);
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        ++waiting;
        const std::lock_guard turn(mutex);
        ++entered;
      });
    }
    while (waiting < 3) std::this_thread::yield();
    for (int i = 0; i < 2'000; ++i) std::this_thread::yield();
    EXPECT_EQ(entered, 0);
  }
  threads.clear();
  EXPECT_EQ(entered, 3);
}

}  // namespace
}  // namespace distiq
