// One decision per request, what is remembered of it, and what a restart keeps. The rules themselves:
// decide_route_test.
#include "pipeline/route_steering.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>

#include "pipeline/steering_for_test.h"

namespace distiq {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kEasy = "0.10 rename it";
constexpr std::string_view kHard = "0.90 redesign it";

// A lane on Haiku after its first turn.
ConversationForTest placed_low(SteeringForTest& proxy, std::string name = "lane") {
  ConversationForTest talk(std::move(name));
  talk.human(kEasy);
  EXPECT_EQ(proxy.ask(talk).served, kHaiku);
  proxy.pass(seconds(5));
  return talk;
}

// ---- deciding

TEST(RouteSteering, an_easy_prompt_is_placed_low_and_the_answer_names_the_model_asked_for) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  talk.human(kEasy);
  const ExchangeForTest first = proxy.ask(talk);
  EXPECT_EQ(first.served, kHaiku);
  EXPECT_EQ(first.plan.echo, kOpus);
  EXPECT_EQ(first.plan.route, "haiku (from opus)");
  EXPECT_TRUE(first.plan.record.moved);
  EXPECT_TRUE(first.plan.record.human_turn);
  EXPECT_EQ(first.plan.record.decision_point, "lane_start");
  EXPECT_EQ(first.plan.record.cause, "judged");
  EXPECT_EQ(first.plan.record.policy, "saver");
  EXPECT_GT(first.plan.record.expected_saving.value, 0);
}

TEST(RouteSteering, a_hard_prompt_leaves_as_it_came) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  talk.human(kHard);
  const ExchangeForTest first = proxy.ask(talk);
  EXPECT_EQ(first.served, kOpus);
  EXPECT_TRUE(first.plan.edits.empty());
  EXPECT_TRUE(first.plan.echo.empty());
  EXPECT_FALSE(first.plan.record.moved);
  EXPECT_EQ(first.record.saved().value, 0);
}

TEST(RouteSteering, without_the_echo_the_answer_is_left_alone) {
  RouteSteeringConfig config;
  config.echo_requested_model = false;
  SteeringForTest proxy(RoutingPolicy::saver, config);
  ConversationForTest talk("lane");
  talk.human(kEasy);
  const ExchangeForTest first = proxy.ask(talk);
  EXPECT_EQ(first.served, kHaiku);
  EXPECT_TRUE(first.plan.echo.empty());
}

TEST(RouteSteering, a_model_that_is_not_in_the_table_is_relayed) {
  SteeringForTest proxy;
  ConversationForTest talk("lane", "somebody-elses-model");
  talk.human(kEasy);
  const PlanForTest plan = proxy.plan(talk);
  EXPECT_TRUE(plan.edits.empty());
  EXPECT_EQ(plan.serve, "somebody-elses-model");
  EXPECT_FALSE(plan.reason.empty());
}

TEST(RouteSteering, a_request_that_left_already_is_not_edited) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  talk.human(kEasy);
  const std::string body = talk.body();
  const auto view = scan_request(body);
  ASSERT_TRUE(view);
  const RequestHead head{"POST", "/v1/messages", 1, {}};
  const std::string account = "account";
  LaneIdentity lane = talk.lane();
  const PlanForTest plan =
      plan_of(proxy.steering(), {.client = head, .view = *view, .lane = lane, .account = account, .may_edit = false});
  EXPECT_TRUE(plan.edits.empty());
  EXPECT_EQ(plan.serve, kOpus);
  EXPECT_TRUE(plan.record.policy.empty());
}

TEST(RouteSteering, a_helper_of_the_client_is_restored_and_counts_as_nothing_saved) {
  SteeringForTest proxy(RoutingPolicy::balanced);
  ConversationForTest talk("title");
  talk.human("Write a title");
  const ExchangeForTest title = proxy.ask(talk, "account", {}, RequestClass::title);
  EXPECT_EQ(title.served, kHaiku);
  EXPECT_GT(title.record.restored.value, 0);
  EXPECT_EQ(title.record.saved().value, 0);
}

// ---- a lane goes on

TEST(RouteSteering, a_lane_that_was_placed_stays_through_its_tool_loop) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  for (int i = 0; i < 5; ++i) {
    const ExchangeForTest next = proxy.ask(talk.tool_result());
    EXPECT_EQ(next.served, kHaiku) << i;
    EXPECT_EQ(next.plan.record.cause, "lane_stays");
    EXPECT_FALSE(next.plan.record.human_turn);
    EXPECT_GT(next.record.saved().value, 0);
    proxy.pass(seconds(5));
  }
}

TEST(RouteSteering, a_lane_that_was_not_moved_stays_through_its_tool_loop) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  proxy.ask(talk.human(kHard));
  for (int i = 0; i < 3; ++i) {
    proxy.pass(seconds(5));
    EXPECT_EQ(proxy.ask(talk.tool_result("0.10 is no prompt")).served, kOpus);
  }
}

TEST(RouteSteering, a_lane_whose_cache_is_cold_is_decided_anew) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  proxy.ask(talk.human(kHard));
  proxy.pass(minutes(6));
  const ExchangeForTest next = proxy.ask(talk.answer().human(kEasy));
  EXPECT_EQ(next.served, kHaiku);
  EXPECT_EQ(next.plan.record.decision_point, "cold");
}

TEST(RouteSteering, another_model_asked_for_is_decided_anew) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  talk.ask_for("claude-haiku-5-5");
  const ExchangeForTest next = proxy.ask(talk.answer().human(kHard));
  EXPECT_EQ(next.served, kHaiku);
  EXPECT_FALSE(next.plan.record.moved);
}

// ---- back up

TEST(RouteSteering, a_cold_prefix_that_a_moved_request_would_have_warmed_is_no_loss_of_the_markers) {
  SteeringForTest proxy;
  const auto asked = [&](std::string name, std::string system, std::string_view prompt) {
    ConversationForTest talk(std::move(name));
    talk.prefix(std::move(system)).human(prompt);
    ExchangeForTest done = proxy.ask(talk);
    proxy.pass(seconds(5));
    return done;
  };
  asked("one", "its own", kHard);
  EXPECT_EQ(asked("two", "shared", kEasy).served, kHaiku);
  const ExchangeForTest third = asked("three", "shared", kHard);
  EXPECT_EQ(third.served, kOpus);
  EXPECT_FALSE(third.plan.edits.empty()) << "the shared tools get a marker of their own";
  EXPECT_LT(third.record.saved().value, 0);
  EXPECT_EQ(third.record.route.saved_by_markers.value, 0);
  EXPECT_EQ(third.record.route.saved_by_routing, third.record.saved());
}

TEST(RouteSteering, a_harder_prompt_takes_the_lane_back_up_and_books_the_loss) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  const ExchangeForTest next = proxy.ask(talk.answer().human(kHard));
  EXPECT_EQ(next.served, kOpus);
  EXPECT_EQ(next.plan.record.cause, "harder_prompt");
  EXPECT_LT(next.record.saved().value, 0) << "the prompt is written again";
  EXPECT_EQ(next.record.route.saved_by_routing, next.record.saved());
}

TEST(RouteSteering, three_tool_errors_take_the_lane_back_up_inside_its_loop_for_good) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  for (int errors = 1; errors <= 2; ++errors) {
    EXPECT_EQ(proxy.ask(talk.tool_result("Exit code 1", true)).served, kHaiku) << errors;
    proxy.pass(seconds(5));
  }
  const ExchangeForTest third = proxy.ask(talk.tool_result("Exit code 1", true));
  EXPECT_EQ(third.served, kOpus);
  EXPECT_EQ(third.plan.record.cause, "struggle");
  EXPECT_EQ(third.plan.record.decision_point, "escalation");
  proxy.pass(seconds(5));
  EXPECT_EQ(proxy.ask(talk.answer().human(kEasy)).served, kOpus) << "it stays, warm";
  proxy.pass(minutes(10));
  EXPECT_EQ(proxy.ask(talk.answer().human(kEasy)).served, kOpus) << "and cold";
}

TEST(RouteSteering, the_users_objection_takes_the_lane_back_up) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  const ExchangeForTest next = proxy.ask(talk.answer().human("no that is wrong"));
  EXPECT_EQ(next.served, kOpus);
  EXPECT_EQ(next.plan.record.cause, "objection");
}

TEST(RouteSteering, a_refusal_by_the_smaller_model_takes_the_lane_back_up) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  talk.human(kEasy);
  proxy.finish(talk, proxy.plan(talk), "refusal");
  proxy.pass(seconds(5));
  const ExchangeForTest next = proxy.ask(talk.answer().human(kEasy));
  EXPECT_EQ(next.served, kOpus);
  EXPECT_EQ(next.plan.record.cause, "struggle");
}

// ---- what was refused

PlanForTest refused(SteeringForTest& proxy, const ConversationForTest& talk, const Refusal& refusal) {
  PlanForTest plan = proxy.plan(talk);
  EXPECT_EQ(plan.serve, kHaiku);
  proxy.steering().sending(plan);
  proxy.steering().refused(plan, refusal);
  return plan;
}

TEST(RouteSteering, a_refused_edit_leaves_as_it_came_and_the_lane_stays_up) {
  SteeringForTest proxy;
  ConversationForTest talk("lane");
  talk.human(kEasy);
  PlanForTest plan = refused(proxy, talk, {400, "invalid_request_error"});
  EXPECT_TRUE(plan.edits.empty());
  EXPECT_TRUE(plan.echo.empty());
  EXPECT_EQ(plan.serve, kOpus);
  EXPECT_FALSE(plan.record.moved);
  EXPECT_NE(plan.reason.find("400 invalid_request_error"), std::string::npos) << plan.reason;
  const ExchangeForTest healed = proxy.answer(talk, std::move(plan));
  EXPECT_EQ(healed.record.saved().value, 0);
  proxy.pass(seconds(5));
  EXPECT_EQ(proxy.ask(talk.tool_result()).served, kOpus);
}

struct Remembered {
  const char* name;
  Refusal refusal;
  seconds still;      // remembered until then at least
  seconds forgotten;  // and no longer than this
};

TEST(RouteSteering, what_was_refused_is_remembered_for_a_while_and_per_account) {
  const std::vector<Remembered> cases = {
      {"invalid request", {400, "invalid_request_error"}, seconds(3500), seconds(3700)},
      {"not this account's model", {403, "permission_error"}, seconds(3500), seconds(3700)},
      {"rate limit", {429, "rate_limit_error"}, seconds(50), seconds(70)},
      {"rate limit with a time", {429, "rate_limit_error", 600}, seconds(590), seconds(610)},
      {"overloaded", {529, "overloaded_error"}, seconds(110), seconds(130)},
      {"cut", {0, "cut"}, seconds(110), seconds(130)},
  };
  for (const Remembered& c : cases) {
    SCOPED_TRACE(c.name);
    SteeringForTest proxy;
    const ConversationForTest talk = ConversationForTest("first").human(kEasy);
    proxy.answer(talk, refused(proxy, talk, c.refusal));
    const auto serve = [&](std::string_view name, const std::string& account) {
      return proxy.plan(ConversationForTest(std::string(name)).human(kEasy), account).serve;
    };
    EXPECT_NE(serve("second", "account"), kHaiku);
    EXPECT_EQ(serve("second", "another account"), kHaiku);
    proxy.pass(c.still);
    EXPECT_NE(serve("third", "account"), kHaiku);
    proxy.pass(c.forgotten - c.still);
    EXPECT_EQ(serve("fourth", "account"), kHaiku);
  }
}

TEST(RouteSteering, an_invalid_request_speaks_against_its_kind_alone_and_an_overload_against_the_model) {
  for (const int status : {400, 529}) {
    SteeringForTest proxy;
    const ConversationForTest talk = ConversationForTest("first").human(kEasy);
    proxy.answer(talk, refused(proxy, talk, {status, "error"}));
    const PlanForTest title =
        proxy.plan(ConversationForTest("title").human("Write a title"), "account", {}, RequestClass::title);
    EXPECT_EQ(title.serve, status == 400 ? kHaiku : kOpus) << status;
  }
}

// ---- policies

TEST(RouteSteering, a_policy_changed_while_it_runs_holds_from_the_next_request_on) {
  SteeringForTest proxy(RoutingPolicy::off);
  RequestHead head{"POST", "/v1/messages", 1, {}};
  EXPECT_FALSE(proxy.steering().wants(head));
  EXPECT_EQ(proxy.ask(ConversationForTest("off").human(kEasy)).served, kOpus);

  proxy.live().set_policy(RoutingPolicy::saver);
  EXPECT_TRUE(proxy.steering().wants(head));
  ConversationForTest talk = placed_low(proxy);

  proxy.live().set_policy(RoutingPolicy::off);
  const ExchangeForTest off = proxy.ask(talk.tool_result());
  EXPECT_EQ(off.served, kOpus);
  EXPECT_LT(off.record.saved().value, 0) << "what our move threw away is still ours";

  proxy.live().set_policy(RoutingPolicy::observe);
  const ExchangeForTest observed = proxy.ask(ConversationForTest("observed").human(kEasy));
  EXPECT_EQ(observed.served, kOpus);
  EXPECT_TRUE(observed.plan.edits.empty());
  EXPECT_EQ(observed.record.saved().value, 0);
  EXPECT_TRUE(observed.plan.reason.starts_with("would move opus -> haiku: ")) << observed.plan.reason;
}

TEST(RouteSteering, a_pin_holds_from_the_next_decision_on) {
  SteeringForTest proxy(RoutingPolicy::balanced);
  proxy.live().set_pin(Tier::sonnet);
  EXPECT_EQ(proxy.ask(ConversationForTest("pinned").human(kHard)).served, kSonnet);
  proxy.live().set_pin({});
  EXPECT_EQ(proxy.ask(ConversationForTest("not pinned").human(kHard)).served, kOpus);
}

TEST(RouteSteering, a_requests_own_policy_comes_before_the_live_one) {
  SteeringForTest proxy(RoutingPolicy::saver);
  const ConversationForTest talk = ConversationForTest("lane").human(kEasy);
  EXPECT_EQ(proxy.plan(talk, "account", "off").serve, kOpus);
  EXPECT_EQ(proxy.plan(talk, "account", "observe").serve, kOpus);
  EXPECT_EQ(proxy.plan(talk, "account", "nonsense").serve, kHaiku);
  RequestHead head{"POST", "/v1/messages", 1, {}};
  head.headers.add("x-distiq-policy", "off");
  EXPECT_FALSE(proxy.steering().wants(head));
}

TEST(RouteSteering, wants_messages_only) {
  SteeringForTest proxy;
  EXPECT_FALSE(proxy.steering().wants(RequestHead{"POST", "/v1/messages/count_tokens", 1, {}}));
  EXPECT_TRUE(proxy.steering().wants(RequestHead{"POST", "/v1/messages?beta=true", 1, {}}));
}

TEST(RouteSteering, held_out_sessions_are_observed_and_the_others_treated) {
  RouteSteeringConfig config;
  config.holdout_percent = 50;
  SteeringForTest proxy(RoutingPolicy::saver, config);
  int control = 0;
  for (int i = 0; i < 40; ++i) {
    const ConversationForTest talk = ConversationForTest(fmt::format("lane{}", i)).human(kEasy);
    const bool is_control = proxy.steering().arm_of("session-" + talk.name()) == "control";
    control += is_control ? 1 : 0;
    const PlanForTest plan = proxy.plan(talk, "account of " + talk.name());  // each with a bank of its own
    EXPECT_EQ(plan.serve, is_control ? kOpus : kHaiku);
    EXPECT_EQ(plan.record.arm, is_control ? "control" : "treated");
  }
  EXPECT_GT(control, 8);
  EXPECT_LT(control, 32);
}

TEST(RouteSteering, what_a_move_may_lose_is_set_aside_when_it_is_decided) {
  SteeringForTest proxy(RoutingPolicy::saver);
  int moved = 0;
  for (int i = 0; i < 6; ++i) {
    const ConversationForTest talk = ConversationForTest(fmt::format("lane{}", i)).human(kEasy);
    moved += proxy.plan(talk).record.moved ? 1 : 0;
  }
  EXPECT_EQ(moved, 1);
}

// While it judges, another thread decides.
class InterruptedJudge final : public PromptJudge {
 public:
  [[nodiscard]] PromptVerdict judge(const JudgeInput& input) const override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return judge_.judge(input);
  }
  mutable std::function<void()> meanwhile;

 private:
  JudgeForTest judge_;
};

TEST(RouteSteering, a_move_does_not_count_on_what_others_have_set_aside_meanwhile) {
  const ManualClock clock;
  const LivePolicy live(RoutingPolicy::saver);
  const InterruptedJudge judge;
  RouteSteering steering(PriceTable::builtin(), clock, clock, live, &judge);
  const RequestHead head{"POST", "/v1/messages", 1, {}};
  const std::string account = "account";
  const auto plan = [&](const char* name) {
    const ConversationForTest talk = ConversationForTest(name).human(kEasy);
    const std::string body = talk.body();
    const auto view = scan_request(body);
    LaneIdentity lane = talk.lane();
    return plan_of(steering, {.client = head, .view = *view, .lane = lane, .account = account});
  };
  bool other_moved = false;
  judge.meanwhile = [&] { other_moved = plan("other").record.moved; };
  const PlanForTest interrupted = plan("one");
  EXPECT_TRUE(other_moved);
  EXPECT_FALSE(interrupted.record.moved) << interrupted.reason;
}

// Time that passes whenever it is asked for.
class HurryingClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override { return MonotonicTime(std::chrono::seconds(++asked_)); }
  [[nodiscard]] WallTime wall() const override { return {}; }

 private:
  mutable std::int64_t asked_ = 3600;
};

TEST(RouteSteering, a_plan_that_took_too_long_is_not_carried_out) {
  const ManualClock clock;
  const HurryingClock stopwatch;
  const LivePolicy live(RoutingPolicy::saver);
  const JudgeForTest judge;
  RouteSteering steering(PriceTable::builtin(), clock, stopwatch, live, &judge);
  const ConversationForTest talk = ConversationForTest("lane").human(kEasy);
  const std::string body = talk.body();
  const auto view = scan_request(body);
  ASSERT_TRUE(view);
  const RequestHead head{"POST", "/v1/messages", 1, {}};
  const std::string account = "account";
  LaneIdentity lane = talk.lane();
  const PlanForTest plan = plan_of(steering, {.client = head, .view = *view, .lane = lane, .account = account});
  EXPECT_TRUE(plan.edits.empty());
  EXPECT_EQ(plan.serve, kOpus);
  EXPECT_NE(plan.reason.find("too long"), std::string::npos) << plan.reason;
}

// ---- over a restart

TEST(RouteSteering, a_restart_keeps_where_a_lane_is_and_what_its_cache_holds) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  proxy.restart();
  const ExchangeForTest next = proxy.ask(talk.tool_result());
  EXPECT_EQ(next.served, kHaiku);
  EXPECT_EQ(next.plan.record.cause, "lane_stays");
  EXPECT_GT(next.record.saved().value, 0);
  // Untouched it would have been read: the saving is small beside the first one.
  EXPECT_GT(next.record.route.untouched.cache_read, 10'000);
}

TEST(RouteSteering, a_restart_keeps_that_a_lane_came_back_up) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  EXPECT_EQ(proxy.ask(talk.answer().human("no that is wrong")).served, kOpus);
  proxy.restart();
  proxy.pass(minutes(10));
  EXPECT_EQ(proxy.ask(talk.answer().human(kEasy)).served, kOpus);
}

TEST(RouteSteering, rows_say_the_same_after_a_restart) {
  SteeringForTest proxy;
  for (const char* name : {"one", "two", "three"}) placed_low(proxy, name);
  const SteeringRows before = proxy.steering().rows();
  proxy.restart();
  EXPECT_EQ(proxy.steering().rows(), before);
}

TEST(RouteSteering, lines_that_nobody_understands_are_passed_over) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  SteeringRows rows = proxy.steering().rows();
  for (const char* kind : {"lane", "bank", "turns", "pauses", "cache", "of another version"}) {
    rows.emplace(rows.begin(), kind, "\t\x01 nonsense");
    rows.emplace(rows.begin(), kind, "");
  }
  SteeringForTest next;
  next.steering().restore(rows, seconds(1));
  EXPECT_EQ(next.ask(talk.tool_result()).served, kHaiku);
}

// ---- side by side

TEST(RouteSteering, requests_of_one_lane_side_by_side_are_settled_each_in_its_own_right) {
  SteeringForTest proxy;
  ConversationForTest talk = placed_low(proxy);
  const ConversationForTest other = talk;  // a retry, or a hook of the client, with the same prompt
  talk.tool_result();
  PlanForTest first = proxy.plan(talk);
  PlanForTest second = proxy.plan(other);
  proxy.steering().sending(first);
  proxy.steering().sending(second);
  // The other way round; and one of them is refused.
  proxy.steering().refused(second, {529, "overloaded_error"});
  const ExchangeForTest b = proxy.answer(other, std::move(second));
  const ExchangeForTest a = proxy.answer(talk, std::move(first));
  EXPECT_EQ(a.served, kHaiku);
  EXPECT_EQ(b.served, kOpus);
  EXPECT_GT(a.record.saved().value, 0);
  EXPECT_LT(b.record.saved().value, 0) << "its prompt was not cached where it went in the end";
}

TEST(RouteSteering, threads_that_work_on_the_same_lanes_do_not_disturb_each_other) {
  const ManualClock clock;
  LivePolicy live(RoutingPolicy::saver);
  const JudgeForTest judge;
  RouteSteering steering(PriceTable::builtin(), clock, clock, live, &judge);
  const auto work = [&](int worker) {
    for (int i = 0; i < 40; ++i) {
      ConversationForTest talk(fmt::format("lane{}", i % 4));
      talk.human(i % 3 == 0 ? kHard : kEasy);
      const std::string body = talk.body();
      const auto view = scan_request(body);
      const RequestHead head{"POST", "/v1/messages", 1, {}};
      const std::string account = fmt::format("account{}", worker % 2);
      LaneIdentity lane = talk.lane();
      PlanForTest plan = plan_of(steering, {.client = head, .view = *view, .lane = lane, .account = account});
      steering.sending(plan);
      if (i % 5 == 0 && !plan.edits.empty()) steering.refused(plan, {529, "overloaded_error"});
      steering.answer_began(plan, {200, "OK", 1, {}});
      UsageReport report;
      report.model = plan.serve;
      report.total = {.cache_write_5m = 12'000, .output = 10};
      report.seen = report.complete = true;
      RequestRecord record;
      record.usage = report.total;
      record.cost = record.counterfactual = charge(PriceTable::builtin(), report, plan.serve).cost;
      steering.settle(plan, report, record).write_to(record);
      EXPECT_GE(record.counterfactual.value, 0);
      if (i % 7 == 0) (void)steering.rows();
      if (i % 11 == 0) live.set_policy(i % 2 == 0 ? RoutingPolicy::balanced : RoutingPolicy::saver);
    }
  };
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) workers.emplace_back(work, worker);
  for (std::thread& worker : workers) worker.join();
  EXPECT_FALSE(steering.rows().empty());
}

}  // namespace
}  // namespace distiq
