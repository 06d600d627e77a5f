#include "app/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/clock.h"

namespace distiq {
namespace {

using std::chrono::milliseconds;

// No test waits as long as that.
constexpr milliseconds plenty{60'000};

ChildProcess shell(const std::string& script) {
  return std::move(ChildProcess::start("/bin/sh", {"-c", script}, {"PATH=/usr/bin:/bin"}).value());
}

TEST(ChildProcess, lines_and_then_its_exit_code) {
  auto child = shell("echo one; printf 'two\\nthree'; exit 7");
  EXPECT_EQ(child.read_line(plenty), "one");
  EXPECT_EQ(child.read_line(plenty), "two");
  EXPECT_EQ(child.read_line(plenty), std::nullopt);
  EXPECT_EQ(child.wait(), 7);
}

TEST(ChildProcess, what_it_says_on_sigterm_is_the_rest) {
  auto child = shell("trap 'echo bye; echo now; exit 3' TERM; echo up; while :; do sleep 0.01; done");
  ASSERT_EQ(child.read_line(plenty), "up");
  std::vector<std::string> rest;
  EXPECT_EQ(child.stop(plenty, rest), 3);
  EXPECT_EQ(rest, (std::vector<std::string>{"bye", "now"}));
}

TEST(ChildProcess, one_that_closes_its_stdout_and_stays_is_killed) {
  auto child = shell("trap '' TERM; echo up; exec >/dev/null; while :; do sleep 0.01; done");
  ASSERT_EQ(child.read_line(plenty), "up");
  std::vector<std::string> rest;
  EXPECT_EQ(child.stop(milliseconds(50), rest), -1);
}

TEST(ChildProcess, one_that_ignores_sigterm_is_killed_after_the_limit_though_it_never_stops_talking) {
  auto child = shell("trap '' TERM; while :; do echo line; done");
  ASSERT_EQ(child.read_line(plenty), "line");
  std::vector<std::string> rest;
  EXPECT_EQ(child.stop(milliseconds(50), rest), -1);
  EXPECT_FALSE(rest.empty());
}

TEST(ChildProcess, one_that_talks_without_line_breaks_too) {
  auto child = shell("trap '' TERM; echo up; while :; do printf word; done");
  ASSERT_EQ(child.read_line(plenty), "up");
  EXPECT_EQ(child.read_line(milliseconds(50)), std::nullopt);
  std::vector<std::string> rest;
  EXPECT_EQ(child.stop(milliseconds(50), rest), -1);
}

}  // namespace
}  // namespace distiq
