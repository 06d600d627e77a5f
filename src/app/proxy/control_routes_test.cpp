#include "app/proxy/control_routes.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

RequestHead post(std::string target, std::string_view control = "") {
  RequestHead head{"POST", std::move(target), 1, {}};
  if (!control.empty()) head.headers.add("X-Distiq-Control", control);
  return head;
}

TEST(ControlRoutes, the_clock_moves_only_where_the_test_clock_is_on) {
  Config config;
  ManualClock real;
  MovableClock clock(real);
  LivePolicy policy(RoutingPolicy::balanced);
  ControlRoutes routes(config, Secret("key"), policy, clock);
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
  LivePolicy policy(RoutingPolicy::balanced);
  ControlRoutes routes(config, Secret("key"), policy, clock);
  for (const char* body : {"", "{", "{}", R"({"advance_ms":-1})", R"({"advance_ms":1.5})", R"({"advance_ms":[1]})",
                           R"({"advance_ms":99999999999999999999})", "advance_ms=1"}) {
    EXPECT_EQ(routes.answer(post("/distiq/test/clock"), body).status, 400) << body;
  }
  EXPECT_EQ(routes.answer({"GET", "/distiq/test/clock", 1, {}}, "").status, 405);
  EXPECT_EQ(routes.answer(post("/distiq/nothing"), "{}").status, 404);
  EXPECT_EQ(clock.ahead().count(), 0);
}

TEST(ControlRoutes, the_policy_changes_only_for_who_has_the_key) {
  Config config;
  ManualClock real;
  MovableClock clock(real);
  LivePolicy policy(RoutingPolicy::balanced);
  ControlRoutes routes(config, Secret("key"), policy, clock);
  constexpr std::string_view saver = R"({"policy":"saver"})";
  EXPECT_EQ(routes.answer(post("/distiq/policy"), saver).status, 403);
  EXPECT_EQ(routes.answer(post("/distiq/policy", "kex"), saver).status, 403);
  EXPECT_EQ(policy.policy(), RoutingPolicy::balanced);
  const LocalAnswer changed = routes.answer(post("/distiq/policy", "key"), saver);
  EXPECT_EQ(changed.body, "{\"policy\":\"saver\",\"pin\":\"off\",\"holdout_percent\":0}\n");
  EXPECT_EQ(policy.policy(), RoutingPolicy::saver);
  EXPECT_EQ(routes.answer({"GET", "/distiq/policy", 1, {}}, "").body, changed.body);

  EXPECT_EQ(routes.answer(post("/distiq/policy", "key"), R"({"pin":"haiku"})").status, 200);
  EXPECT_EQ(policy.pin(), Tier::haiku);
  EXPECT_EQ(routes.answer(post("/distiq/policy", "key"), R"({"pin":"off"})").status, 200);
  EXPECT_FALSE(policy.pin().has_value());
  for (const char* body : {"", "{}", R"({"policy":"x"})", R"({"pin":"fable"})", R"({"policy":"saver","pin":"x"})"}) {
    EXPECT_EQ(routes.answer(post("/distiq/policy", "key"), body).status, 400) << body;
  }

  ControlRoutes keyless(config, Secret(), policy, clock);
  EXPECT_EQ(keyless.answer(post("/distiq/policy"), saver).status, 403) << "no key is no open door";
}

}  // namespace
}  // namespace distiq
