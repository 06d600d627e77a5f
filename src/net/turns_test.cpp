#include "net/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace distiq {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;

class TurnsTest : public ::testing::Test {
 protected:
  // Does something, and again after each turn.
  Task<void> take_turns(std::string name, int turns) {
    for (int i = 0; i < turns; ++i) {
      done.push_back(name + std::to_string(i));
      co_await turns_of_thread.next();
    }
    done.push_back(name + " end");
  }
  void start(const std::string& name, int turns) { asio::co_spawn(io, take_turns(name, turns), asio::detached); }

  asio::io_context io{1};
  Turns turns_of_thread{io.get_executor()};
  std::vector<std::string> done;
};

TEST_F(TurnsTest, all_that_is_ready_goes_first_and_then_all_who_wait_in_their_order) {
  start("a", 2);
  start("b", 2);
  asio::post(io, [&] { done.push_back("other"); });
  io.poll();
  EXPECT_THAT(done, ElementsAre("a0", "b0", "other", "a1", "b1", "a end", "b end"));
}

TEST_F(TurnsTest, what_becomes_ready_in_a_turn_goes_before_the_next_turn) {
  start("a", 1);
  asio::post(io, [&] { asio::post(io, [&] { start("late", 1); }); });
  start("b", 2);
  io.poll();
  EXPECT_THAT(done, ElementsAre("a0", "b0", "a end", "late0", "b1", "late end", "b end"));
}

TEST_F(TurnsTest, one_that_throws_costs_those_behind_it_nothing) {
  const auto fail = [](std::exception_ptr) { throw std::runtime_error("its end"); };
  asio::co_spawn(io, take_turns("a", 1), fail);
  start("b", 2);
  EXPECT_THROW(io.poll(), std::runtime_error);
  io.poll();
  EXPECT_THAT(done, ElementsAre("a0", "b0", "a end", "b1", "b end"));
}

}  // namespace
}  // namespace distiq
