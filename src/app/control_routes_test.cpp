#include "app/control_routes.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

RequestHead post(std::string target) {
  return {"POST", std::move(target), 1, {}};
}

TEST(ControlRoutes, the_clock_moves_only_where_the_test_clock_is_on) {
  Config config;
  ManualClock real;
  MovableClock clock(real);
  ControlRoutes routes(config, clock);
  EXPECT_EQ(routes.answer(post("/distiq/test/clock"), R"({"advance_ms":600000})").status, 404);
  EXPECT_EQ(clock.ahead().count(), 0);

  config.test_clock = true;
  const MonotonicTime before = clock.monotonic();
  const LocalAnswer answer = routes.answer(post("/distiq/test/clock"), R"({ "advance_ms" : 600000 })");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(clock.monotonic() - before, std::chrono::minutes(10));
  EXPECT_EQ(clock.wall() - real.wall(), std::chrono::minutes(10));
}

TEST(ControlRoutes, what_is_no_sound_command_is_refused) {
  Config config;
  config.test_clock = true;
  ManualClock real;
  MovableClock clock(real);
  ControlRoutes routes(config, clock);
  for (const char* body : {"", "{", "{}", R"({"advance_ms":-1})", R"({"advance_ms":1.5})", R"({"advance_ms":[1]})",
                           R"({"advance_ms":99999999999999999999})", "advance_ms=1"}) {
    EXPECT_EQ(routes.answer(post("/distiq/test/clock"), body).status, 400) << body;
  }
  EXPECT_EQ(routes.answer({"GET", "/distiq/test/clock", 1, {}}, "").status, 405);
  EXPECT_EQ(routes.answer(post("/distiq/nothing"), "{}").status, 404);
  EXPECT_EQ(clock.ahead().count(), 0);
}

}  // namespace
}  // namespace distiq
