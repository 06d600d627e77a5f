#include "stats/session_totals.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace distiq {
namespace {

TEST(session_totals, adds_gains_and_losses_per_session) {
  SessionTotals totals;
  EXPECT_EQ(totals.add("a", {100}), PicoUsd{100});
  EXPECT_EQ(totals.add("b", {7}), PicoUsd{7});
  EXPECT_EQ(totals.add("a", {-130}), PicoUsd{-30});
  EXPECT_EQ(totals.saved("a"), PicoUsd{-30});
  EXPECT_EQ(totals.saved("nobody"), PicoUsd{0});
}

TEST(session_totals, the_session_idle_longest_is_forgotten) {
  SessionTotals totals(2);
  totals.add("a", {1});
  totals.add("b", {1});
  totals.add("a", {1});
  totals.add("c", {1});
  EXPECT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals.saved("a"), PicoUsd{2});
  EXPECT_EQ(totals.saved("b"), PicoUsd{0});
  EXPECT_EQ(totals.saved("c"), PicoUsd{1});
}

TEST(session_totals, absurd_ids_do_not_cost_memory) {
  SessionTotals totals;
  const std::string huge(1'000'000, 'x');
  totals.add(huge, {1});
  EXPECT_EQ(totals.add(huge, {1}), PicoUsd{2});
}

TEST(session_totals, many_threads_lose_nothing) {
  SessionTotals totals(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3200; ++i) totals.add(std::to_string(i % 32), {1});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 32; ++i) EXPECT_EQ(totals.saved(std::to_string(i)), PicoUsd{400});
}

}  // namespace
}  // namespace distiq
