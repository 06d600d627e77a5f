#include "net/deadlines.h"

#include <gtest/gtest.h>

#include <optional>

namespace distiq {
namespace {

using std::chrono::milliseconds;

class DeadlinesTest : public ::testing::Test {
 protected:
  void sweep_after(milliseconds time) {
    clock.advance(time);
    deadlines.sweep();
  }
  boost::asio::io_context io{1};
  ManualClock clock;
  Deadlines deadlines{io.get_executor(), clock};
  int fired = 0;
};

TEST_F(DeadlinesTest, fires_once_when_its_time_has_come) {
  Deadlines::Entry entry(deadlines, [this] { ++fired; });
  entry.arm(milliseconds(500));
  sweep_after(milliseconds(499));
  EXPECT_EQ(fired, 0);
  sweep_after(milliseconds(1));
  EXPECT_EQ(fired, 1);
  sweep_after(milliseconds(10'000));
  EXPECT_EQ(fired, 1);
}

TEST_F(DeadlinesTest, disarmed_or_never_armed_it_does_not_fire) {
  Deadlines::Entry never(deadlines, [this] { ++fired; });
  Deadlines::Entry disarmed(deadlines, [this] { ++fired; });
  disarmed.arm(milliseconds(1));
  disarmed.disarm();
  sweep_after(milliseconds(10'000));
  EXPECT_EQ(fired, 0);
}

TEST_F(DeadlinesTest, arming_again_moves_the_time) {
  Deadlines::Entry entry(deadlines, [this] { ++fired; });
  entry.arm(milliseconds(100));
  clock.advance(milliseconds(90));
  entry.arm(milliseconds(100));
  sweep_after(milliseconds(90));
  EXPECT_EQ(fired, 0);
  sweep_after(milliseconds(10));
  EXPECT_EQ(fired, 1);
}

TEST_F(DeadlinesTest, an_entry_may_die_while_another_fires) {
  std::optional<Deadlines::Entry> second;
  Deadlines::Entry first(deadlines, [&] {
    ++fired;
    second.reset();
  });
  second.emplace(deadlines, [this] { fired += 100; });
  first.arm(milliseconds(1));
  second->arm(milliseconds(1));
  sweep_after(milliseconds(1));
  EXPECT_EQ(fired, 1);
}

TEST_F(DeadlinesTest, counts_through_a_suspend) {
  Deadlines::Entry entry(deadlines, [this] { ++fired; });
  entry.arm(milliseconds(60'000));
  sweep_after(std::chrono::hours(8));
  EXPECT_EQ(fired, 1);
}

}  // namespace
}  // namespace distiq
