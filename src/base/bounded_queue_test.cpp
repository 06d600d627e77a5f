#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace distiq {
namespace {

using std::chrono::milliseconds;

TEST(BoundedQueue, gives_items_oldest_first_and_in_one_batch) {
  BoundedQueue<int> queue(3);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(queue.try_push(i));
  std::vector<int> out{99};
  EXPECT_TRUE(queue.wait_take_all(out));
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(BoundedQueue, full_queue_drops_the_new_item_and_counts_it) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_FALSE(queue.try_push(4));
  EXPECT_EQ(queue.dropped(), 2u);
  std::vector<int> out;
  EXPECT_TRUE(queue.wait_take_all(out));
  EXPECT_EQ(out, (std::vector<int>{1, 2}));
  EXPECT_TRUE(queue.try_push(5)) << "taking makes room again";
}

TEST(BoundedQueue, closed_queue_gives_what_is_inside_and_then_ends) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  queue.close();
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.dropped(), 1u);
  std::vector<int> out;
  EXPECT_TRUE(queue.wait_take_all(out));
  EXPECT_EQ(out, (std::vector<int>{1}));
  EXPECT_FALSE(queue.wait_take_all(out));
  EXPECT_TRUE(out.empty());
}

TEST(BoundedQueue, timed_wait_ends_empty_while_open_and_false_once_closed) {
  BoundedQueue<int> queue(1);
  std::vector<int> out;
  EXPECT_TRUE(queue.wait_take_all_for(out, milliseconds(1)));
  EXPECT_TRUE(out.empty());
  queue.close();
  EXPECT_FALSE(queue.wait_take_all_for(out, milliseconds(1)));
}

TEST(BoundedQueue, close_wakes_a_waiting_consumer) {
  BoundedQueue<int> queue(1);
  std::thread consumer([&] {
    std::vector<int> out;
    EXPECT_FALSE(queue.wait_take_all(out));
  });
  queue.close();
  consumer.join();
}

TEST(BoundedQueue, a_lingering_consumer_takes_what_comes_meanwhile) {
  BoundedQueue<int> queue(100);
  ASSERT_TRUE(queue.try_push(1));
  std::thread producer([&] {
    std::this_thread::sleep_for(milliseconds(20));
    queue.try_push(2);
  });
  std::vector<int> out;
  EXPECT_TRUE(queue.wait_take_all(out, milliseconds(500)));
  producer.join();
  EXPECT_EQ(out, (std::vector<int>{1, 2}));
}

TEST(BoundedQueue, lingering_ends_when_half_full_or_closed) {
  BoundedQueue<int> queue(10);
  const auto began = std::chrono::steady_clock::now();
  std::thread producer([&] {
    for (int i = 0; i < 6; ++i) queue.try_push(i);
  });
  std::vector<int> out;
  EXPECT_TRUE(queue.wait_take_all(out, std::chrono::minutes(1)));
  producer.join();
  EXPECT_EQ(out.size(), 6u);
  ASSERT_TRUE(queue.try_push(7));
  std::thread closer([&] { queue.close(); });
  EXPECT_TRUE(queue.wait_take_all(out, std::chrono::minutes(1)));
  closer.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

TEST(BoundedQueue, takes_types_that_can_only_be_moved) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(7)));
  std::vector<std::unique_ptr<int>> out;
  EXPECT_TRUE(queue.wait_take_all(out));
  EXPECT_EQ(*out.at(0), 7);
}

TEST(BoundedQueue, nothing_is_lost_or_doubled_between_many_producers_and_one_consumer) {
  constexpr int kProducers = 4;
  constexpr int kEach = 5000;
  BoundedQueue<int> queue(64);
  std::vector<std::thread> producers;
  std::atomic<int> accepted{0};
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) accepted += queue.try_push(p * kEach + i) ? 1 : 0;
    });
  }
  std::vector<bool> seen(kProducers * kEach);
  int taken = 0;
  std::thread consumer([&] {
    std::vector<int> out;
    while (queue.wait_take_all(out)) {
      for (const int item : out) {
        EXPECT_FALSE(seen.at(static_cast<std::size_t>(item)));
        seen[static_cast<std::size_t>(item)] = true;
        ++taken;
      }
    }
  });
  for (auto& producer : producers) producer.join();
  queue.close();
  consumer.join();
  EXPECT_EQ(taken, accepted);
  EXPECT_EQ(static_cast<std::uint64_t>(accepted) + queue.dropped(), std::uint64_t{kProducers} * kEach);
}

}  // namespace
}  // namespace distiq
