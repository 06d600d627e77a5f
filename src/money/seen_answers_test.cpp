#include "money/seen_answers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace distiq {
namespace {

TEST(seen_answers, the_same_pair_is_booked_once) {
  SeenAnswers seen;
  EXPECT_TRUE(seen.is_first("msg_1", "req_1"));
  EXPECT_FALSE(seen.is_first("msg_1", "req_1"));
  EXPECT_TRUE(seen.is_first("msg_1", "req_2"));
  EXPECT_TRUE(seen.is_first("msg_2", "req_1"));
}

TEST(seen_answers, the_border_between_the_ids_counts) {
  SeenAnswers seen;
  EXPECT_TRUE(seen.is_first("ab", "c"));
  EXPECT_TRUE(seen.is_first("a", "bc"));
}

TEST(seen_answers, without_both_ids_every_answer_is_new) {
  SeenAnswers seen;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(seen.is_first("msg_1", ""));
    EXPECT_TRUE(seen.is_first("", "req_1"));
    EXPECT_TRUE(seen.is_first("", ""));
  }
}

TEST(seen_answers, the_oldest_is_forgotten_first) {
  SeenAnswers seen(2);
  EXPECT_TRUE(seen.is_first("1", "r"));
  EXPECT_TRUE(seen.is_first("2", "r"));
  EXPECT_TRUE(seen.is_first("3", "r"));
  EXPECT_FALSE(seen.is_first("2", "r"));
  EXPECT_FALSE(seen.is_first("3", "r"));
  EXPECT_TRUE(seen.is_first("1", "r"));
}

TEST(seen_answers, exactly_as_many_as_fit_are_remembered) {
  for (const int capacity : {1, 2, 3, 7, 64}) {
    SeenAnswers seen(static_cast<std::size_t>(capacity));
    const auto id = [](int i) { return "msg_" + std::to_string(i); };
    for (int i = 0; i < 5 * capacity; ++i) {
      EXPECT_TRUE(seen.is_first(id(i), "r"));
      for (int age = 0; age < std::min(capacity, i + 1); ++age) EXPECT_FALSE(seen.is_first(id(i - age), "r")) << age;
    }
    EXPECT_TRUE(seen.is_first(id(4 * capacity - 1), "r")) << "forgotten";
  }
}

TEST(seen_answers, many_threads_book_each_answer_once) {
  SeenAnswers seen(100'000);
  std::atomic<int> booked = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) booked += seen.is_first("msg_" + std::to_string(i), "req") ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(booked, 2000);
}

}  // namespace
}  // namespace distiq
