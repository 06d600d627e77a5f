#include "routing/decide_route.h"

#include <gtest/gtest.h>

#include "routing/question_for_test.h"

namespace distiq {
namespace {

constexpr PicoUsd kDollar{1'000'000'000'000};

TEST(CandidateModels, are_todays_models_of_the_lower_tiers) {
  const auto ids = [](std::string_view requested) {
    std::vector<std::string> found;
    for (const ModelInfo* model : candidate_models(PriceTable::builtin(), model_for_test(requested))) {
      found.push_back(model->id);
    }
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids("claude-opus-5-5"), (Ids{"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"}));
  EXPECT_EQ(ids("claude-fable-5-1"),
            (Ids{"claude-fable-5-1", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"}));
  EXPECT_EQ(ids("claude-haiku-5-5"), (Ids{"claude-haiku-5-5"}));
  // Never another generation of the same tier.
  EXPECT_EQ(ids("claude-opus-4-6"), (Ids{"claude-opus-4-6", "claude-sonnet-5-5", "claude-haiku-5-5"}));
  EXPECT_EQ(ids("claude-haiku-4-5"), (Ids{"claude-haiku-4-5"}));
}

TEST(DecideRoute, a_simple_question_at_a_cold_start_goes_to_haiku) {
  QuestionForTest question;
  const RouteDecision decision = question.decide();
  EXPECT_EQ(decision.serve->tier, "haiku");
  EXPECT_EQ(decision.point, DecisionPoint::lane_start);
  EXPECT_EQ(decision.cause, RouteCause::judged);
  EXPECT_FALSE(decision.return_upwards);
  // 15 000 tokens written at 5.000 instead of 0.125, 500 tokens of answer at 20 instead of 0.50.
  EXPECT_EQ(decision.expected_saving.to_micro_usd(), 73'125 + 9'750);
  EXPECT_EQ(decision.return_penalty.to_micro_usd(), 72'000);  // 15 000 x (5.0 - 0.2)
  EXPECT_NE(decision.reason.find("opus -> haiku: a test (difficulty 0.10, 90 % sure)"), std::string::npos)
      << decision.reason;
  ASSERT_EQ(decision.alternatives.size(), 2u);
  EXPECT_EQ(decision.alternatives[0].model->tier, "haiku");
  EXPECT_EQ(decision.alternatives[0].why_not, "");
  EXPECT_EQ(decision.alternatives[1].model->tier, "opus");
}

struct Untouched {
  const char* name;
  void (*change)(QuestionForTest&);
  RouteCause cause;
};

TEST(DecideRoute, what_is_never_moved) {
  const Untouched cases[] = {
      {"policy off", [](QuestionForTest& t) { t.q.policy = RoutingPolicy::off; }, RouteCause::policy_off},
      {"unknown model", [](QuestionForTest& t) { t.q.requested = nullptr; }, RouteCause::never_moved},
      {"classifier", [](QuestionForTest& t) { t.q.request_class = RequestClass::classifier; }, RouteCause::never_moved},
      {"count_tokens", [](QuestionForTest& t) { t.q.request_class = RequestClass::count_tokens; },
       RouteCause::never_moved},
      {"a script's own request", [](QuestionForTest& t) { t.q.request_class = RequestClass::other; },
       RouteCause::never_moved},
      {"untouchable", [](QuestionForTest& t) { t.q.untouchable_because = "cch"; }, RouteCause::never_moved},
      {"nothing legal",
       [](QuestionForTest& t) {
         for (std::size_t i = 1; i < t.candidates.size(); ++i) t.candidates[i].legal = false;
       },
       RouteCause::judged},
      {"a hard prompt", [](QuestionForTest& t) { t.judge(0.9, 0.9); }, RouteCause::judged},
      {"the judge is not sure", [](QuestionForTest& t) { t.judge(0.1, 0.2); }, RouteCause::judged},
      {"no task in it", [](QuestionForTest& t) { t.q.verdict->has_task = false; }, RouteCause::none},
      {"no verdict", [](QuestionForTest& t) { t.q.verdict.reset(); }, RouteCause::none},
      {"a tool loop",
       [](QuestionForTest& t) {
         t.in_lane("opus");
         t.q.turn = TurnKind::loop_step;
       },
       RouteCause::lane_stays},
  };
  for (const Untouched& c : cases) {
    QuestionForTest question;
    c.change(question);
    const RouteDecision decision = question.decide();
    EXPECT_EQ(decision.serve, question.q.requested) << c.name;
    EXPECT_EQ(decision.cause, c.cause) << c.name << ": " << decision.reason;
    EXPECT_TRUE(decision.effort.empty()) << c.name;
    EXPECT_FALSE(decision.reason.empty()) << c.name;
  }
}

TEST(DecideRoute, what_was_sent_to_us_is_placed_under_balanced_as_a_main_conversation_is) {
  QuestionForTest question;
  question.q.request_class = RequestClass::other;
  question.q.is_ours_to_place = true;
  EXPECT_EQ(question.decide().serve->tier, "haiku");
  question.judge(0.9, 0.9);
  EXPECT_EQ(question.decide().serve, question.q.requested) << "too hard";
  question.judge(0.1, 0.2);
  EXPECT_EQ(question.decide().serve, question.q.requested) << "the judge is not sure";
}

TEST(DecideRoute, no_candidates_at_all_is_as_asked) {
  QuestionForTest question;
  question.candidates.clear();
  EXPECT_EQ(question.decide().cause, RouteCause::never_moved);
}

TEST(DecideRoute, helpers_go_where_the_client_itself_would_run_them) {
  for (const RequestClass c : {RequestClass::title, RequestClass::web_helper}) {
    for (const char* requested : {"opus", "sonnet", "fable"}) {
      QuestionForTest question(requested);
      question.q.request_class = c;
      question.q.verdict.reset();
      const RouteDecision decision = question.decide();
      EXPECT_EQ(decision.serve->tier, "haiku") << requested;
      EXPECT_EQ(decision.cause, RouteCause::restored_helper) << requested;
    }
  }
  QuestionForTest illegal;  // WebSearch: a server tool
  illegal.q.request_class = RequestClass::web_helper;
  illegal.candidates[2].legal = false;
  EXPECT_EQ(illegal.decide().serve->tier, "opus");
  QuestionForTest haiku("haiku");
  haiku.q.request_class = RequestClass::title;
  EXPECT_EQ(haiku.decide().serve->tier, "haiku");
}

TEST(DecideRoute, compaction_goes_by_arithmetic) {
  struct Case {
    std::uint64_t prompt, warm_on_opus;
    const char* tier;
  };
  // Haiku writes below its step for less than Opus reads; above it costs five times as much.
  for (const Case& c : {Case{60'000, 59'000, "haiku"}, Case{99'000, 98'000, "haiku"}, Case{400'000, 399'000, "opus"},
                        Case{400'000, 0, "haiku"}}) {
    QuestionForTest question("opus", c.prompt, c.warm_on_opus);
    question.q.request_class = RequestClass::compaction;
    question.q.verdict.reset();
    EXPECT_EQ(question.decide().serve->tier, c.tier) << c.prompt;
    EXPECT_EQ(question.decide().return_penalty, PicoUsd{}) << "it does not come back";
  }
}

TEST(DecideRoute, sub_agents_by_their_type) {
  struct Case {
    const char* name;
    const char* requested;
    const char* type;
    std::uint64_t prompt;
    RoutingPolicy policy;
    PicoUsd bank;
    const char* tier;
  };
  const Case cases[] = {
      {"Explore", "opus", "Explore", 8'000, RoutingPolicy::balanced, {}, "haiku"},
      {"Explore from Sonnet", "sonnet", "Explore", 8'000, RoutingPolicy::balanced, {}, "haiku"},
      {"Explore too large for Haiku", "opus", "Explore", 95'000, RoutingPolicy::saver, kDollar, "sonnet"},
      {"one tier down, by the bank", "opus", "general-purpose", 8'000, RoutingPolicy::balanced, kDollar, "sonnet"},
      {"no bank, no move", "opus", "general-purpose", 8'000, RoutingPolicy::balanced, {}, "opus"},
      {"saver", "opus", "general-purpose", 8'000, RoutingPolicy::saver, {}, "sonnet"},
      {"type unknown", "opus", "", 8'000, RoutingPolicy::saver, {}, "sonnet"},
      {"below Fable is Opus, which reads its cache for as much", "fable", "general-purpose", 8'000,
       RoutingPolicy::saver, kDollar, "fable"},
      {"Sonnet's is Haiku", "sonnet", "general-purpose", 8'000, RoutingPolicy::balanced, {}, "haiku"},
  };
  for (const Case& c : cases) {
    QuestionForTest question(c.requested, c.prompt);
    question.q.request_class = RequestClass::sub_agent;
    question.q.agent_type = c.type;
    question.q.policy = c.policy;
    question.q.bank.balance = c.bank;
    const RouteDecision decision = question.decide();
    EXPECT_EQ(decision.serve->tier, c.tier) << c.name << ": " << decision.reason;
  }
}

TEST(DecideRoute, saver_places_a_session_on_sonnet_where_balanced_does_not) {
  QuestionForTest question;
  question.judge(0.4, 0.8);
  question.q.turns = &no_returns_for_test();
  const RouteDecision balanced = question.decide();
  EXPECT_EQ(balanced.serve->tier, "opus") << balanced.reason;
  question.q.policy = RoutingPolicy::saver;
  const RouteDecision saver = question.decide();
  EXPECT_EQ(saver.serve->tier, "sonnet") << saver.reason;
  // Quota pressure makes balanced decide as saver, and never lifts what the user set.
  question.q.policy = RoutingPolicy::balanced;
  question.q.pressure.leans_to_saver = true;
  EXPECT_EQ(question.decide().serve->tier, "sonnet");
  question.q.policy = RoutingPolicy::off;
  EXPECT_EQ(question.decide().serve->tier, "opus");
}

// Before anything is learned the next harder prompt is expected to come sooner than the move would pay.
TEST(DecideRoute, the_chance_of_coming_back_up_is_part_of_a_placements_price) {
  QuestionForTest question;
  question.judge(0.4, 0.8);
  question.q.policy = RoutingPolicy::saver;
  const RouteDecision fresh = question.decide();
  EXPECT_EQ(fresh.serve->tier, "opus");
  EXPECT_NE(fresh.reason.find("more over the rest"), std::string::npos) << fresh.reason;
  question.judge(0.1, 0.8);
  EXPECT_EQ(question.decide().serve->tier, "haiku") << "where a return loses nothing";
}

TEST(DecideRoute, a_bank_in_debt_stops_saver) {
  QuestionForTest question;
  question.judge(0.4, 0.8);
  question.q.turns = &no_returns_for_test();
  question.q.policy = RoutingPolicy::saver;
  question.q.bank.balance = {-kDollar.value};
  const RouteDecision decision = question.decide();
  EXPECT_EQ(decision.serve->tier, "opus");
  EXPECT_NE(decision.reason.find(", nothing is allowed"), std::string::npos) << decision.reason;
}

TEST(DecideRoute, says_of_each_cheaper_model_why_it_was_not_taken) {
  QuestionForTest question;
  question.judge(0.9, 0.9);
  EXPECT_EQ(question.decide().reason,
            "stays on opus: sonnet: the prompt is too hard for it; haiku: the prompt is too hard for it");
  question.judge(0.1, 0.2);
  EXPECT_EQ(question.decide().reason,
            "stays on opus: sonnet: hard to tell whether the prompt is easy enough for it; "
            "haiku: hard to tell whether the prompt is easy enough for it");
  question.q.verdict->has_task = false;
  EXPECT_EQ(question.decide().reason, "stays on opus: the prompt does not tell how hard it is");
}

TEST(DecideRoute, warm_lanes_move_only_where_the_bank_covers_what_they_throw_away) {
  QuestionForTest question("opus", 20'000, 19'000);
  question.in_lane("opus");
  EXPECT_EQ(question.decide().serve->tier, "opus") << question.decide().reason;
  question.q.bank.balance = kDollar;
  const RouteDecision moved = question.decide();
  EXPECT_EQ(moved.serve->tier, "haiku") << moved.reason;
  EXPECT_EQ(moved.point, DecisionPoint::human_turn_warm);
  question.lane.warm_moves = 2;
  EXPECT_EQ(question.decide().serve->tier, "opus");
  question.lane.warm_moves = 0;
  question.q.turn = TurnKind::loop_step;  // never inside a loop
  EXPECT_EQ(question.decide().serve->tier, "opus");
}

TEST(DecideRoute, warm_moves_to_haiku_need_room_below_its_step) {
  QuestionForTest question("opus", 85'000, 84'000);
  question.in_lane("opus");
  question.q.bank.balance = kDollar;
  const RouteDecision decision = question.decide();
  EXPECT_EQ(decision.serve->tier, "opus");
  EXPECT_NE(decision.reason.find("outgrow"), std::string::npos) << decision.reason;
}

TEST(DecideRoute, a_warm_lane_goes_to_sonnet_only_with_many_requests_ahead) {
  QuestionForTest question("opus", 200'000, 199'000);
  question.in_lane("opus");
  question.q.policy = RoutingPolicy::saver;
  question.judge(0.45, 0.9);
  question.q.bank.balance = kDollar;
  const RouteDecision decision = question.decide();
  EXPECT_EQ(decision.serve->tier, "opus");
  EXPECT_NE(decision.reason.find("to break even"), std::string::npos) << decision.reason;
}

struct Evidence {
  const char* name;
  void (*show)(QuestionForTest&);
  RouteCause cause;
};

// Every other decision of these tests is compared with decide_at_once as well; this shows that it does decide.
TEST(DecideRoute, a_lane_that_goes_on_needs_no_candidates) {
  QuestionForTest loop;
  loop.in_lane("opus");
  loop.q.turn = TurnKind::loop_step;
  loop.q.candidates = std::span(loop.candidates).first(1);
  const auto decision = decide_at_once(loop.q, {});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->cause, RouteCause::lane_stays);
  loop.q.turn = TurnKind::prompt;
  EXPECT_FALSE(decide_at_once(loop.q, {}).has_value()) << "a human turn may move";
  loop.in_lane("haiku");
  loop.q.turn = TurnKind::loop_step;
  EXPECT_FALSE(decide_at_once(loop.q, {}).has_value()) << "a lane below may have to go back up";
}

// A warm prompt above, a cold one below: it would pay over the expected life, but a session may end after any request.
TEST(DecideRoute, no_policy_pays_in_advance_for_a_life_that_may_not_come) {
  for (const RoutingPolicy policy : {RoutingPolicy::balanced, RoutingPolicy::saver}) {
    QuestionForTest warm("opus", 15'000, 14'000);
    warm.q.policy = policy;
    warm.q.bank.balance = kDollar;
    warm.judge(0.4, 0.9);
    warm.q.turns = &no_returns_for_test();
    const RouteDecision decision = warm.decide();
    EXPECT_EQ(decision.serve, warm.q.requested) << decision.reason;
    EXPECT_NE(decision.reason.find("if it ended here"), std::string::npos) << decision.reason;
  }
}

TEST(DecideRoute, evidence_of_struggle_takes_a_lane_back_up_at_once_and_for_good) {
  const Evidence cases[] = {
      {"errors", [](QuestionForTest& t) { t.q.struggle.errors_in_a_row = 3; }, RouteCause::struggle},
      {"repeats", [](QuestionForTest& t) { t.q.struggle.same_call = 3; }, RouteCause::struggle},
      {"flips", [](QuestionForTest& t) { t.q.struggle.edit_flips = 1; }, RouteCause::struggle},
      {"refusal seen now", [](QuestionForTest& t) { t.q.struggle.refused = true; }, RouteCause::struggle},
      {"refusal seen before", [](QuestionForTest& t) { t.lane.refused_below = true; }, RouteCause::struggle},
      {"objection",
       [](QuestionForTest& t) {
         t.q.turn = TurnKind::prompt;
         t.q.verdict->objection = true;
       },
       RouteCause::objection},
  };
  for (const RequestClass c : {RequestClass::main, RequestClass::sub_agent}) {
    for (const Evidence& e : cases) {
      QuestionForTest question("opus", 20'000);
      question.q.request_class = c;
      question.q.turn = TurnKind::loop_step;
      question.in_lane("haiku");
      EXPECT_EQ(question.decide().serve->tier, "haiku") << e.name;
      e.show(question);
      const RouteDecision decision = question.decide();
      EXPECT_EQ(decision.serve->tier, "opus") << e.name;
      EXPECT_EQ(decision.cause, e.cause) << e.name;
      EXPECT_EQ(decision.point, DecisionPoint::escalation);
      EXPECT_TRUE(decision.return_upwards && decision.escalates) << e.name;
      EXPECT_LT(decision.expected_saving.value, 1) << "a return saves nothing";
      // Once there, the same evidence and the simplest prompt change nothing any more.
      question.in_lane("opus").escalated = true;
      question.q.turn = TurnKind::prompt;
      question.q.bank.balance = kDollar;
      EXPECT_EQ(question.decide().serve->tier, "opus") << e.name;
      EXPECT_FALSE(question.decide().return_upwards);
    }
  }
}

TEST(DecideRoute, less_than_that_is_no_evidence_and_a_lane_that_was_not_moved_has_nowhere_to_go) {
  QuestionForTest question("opus", 20'000);
  question.q.turn = TurnKind::loop_step;
  question.in_lane("haiku");
  question.q.struggle = {.errors_in_a_row = 2, .same_call = 2};
  EXPECT_EQ(question.decide().serve->tier, "haiku");
  question.in_lane("opus");
  question.q.struggle = {.errors_in_a_row = 9};
  EXPECT_FALSE(question.decide().return_upwards);
}

TEST(DecideRoute, a_harder_prompt_takes_a_lane_back_up) {
  QuestionForTest question("opus", 20'000);
  question.in_lane("haiku");
  question.candidates[2].forecast = forecast_for_test(20'000, 19'000);
  EXPECT_EQ(question.decide().serve->tier, "haiku");
  question.judge(0.22, 0.9);  // only just above the bar: no flip-flop
  EXPECT_EQ(question.decide().serve->tier, "haiku");
  question.judge(0.8, 0.9);
  const RouteDecision decision = question.decide();
  EXPECT_EQ(decision.serve->tier, "opus");
  EXPECT_EQ(decision.cause, RouteCause::harder_prompt);
  EXPECT_TRUE(decision.return_upwards);
  EXPECT_FALSE(decision.escalates);
}

TEST(DecideRoute, a_moved_lane_that_became_illegal_is_served_as_asked) {
  QuestionForTest question("opus", 20'000);
  question.q.turn = TurnKind::loop_step;
  question.in_lane("haiku");
  question.candidates[2].legal = false;
  question.candidates[2].illegal_because = "fast mode";
  const RouteDecision decision = question.decide();
  EXPECT_EQ(decision.serve->tier, "opus");
  EXPECT_EQ(decision.cause, RouteCause::illegal);
  EXPECT_TRUE(decision.return_upwards);
}

TEST(DecideRoute, finds_its_decision_points) {
  QuestionForTest question("opus", 20'000);
  LaneState& lane = question.in_lane("opus");
  EXPECT_EQ(question.decide().point, DecisionPoint::human_turn_warm);
  lane.last_use = question.q.now - std::chrono::minutes(6);
  EXPECT_EQ(question.decide().point, DecisionPoint::cold);
  lane.ttl = CacheTtl::one_hour;
  EXPECT_EQ(question.decide().point, DecisionPoint::human_turn_warm);
  lane.prompt_tokens = 150'000;
  EXPECT_EQ(question.decide().point, DecisionPoint::after_compaction);
  question.q.requested_effort = "high";
  EXPECT_EQ(question.decide().point, DecisionPoint::client_changed);
}

TEST(DecideRoute, a_cold_lane_is_judged_anew) {
  QuestionForTest question("opus", 20'000);
  question.in_lane("opus").last_use = question.q.now - std::chrono::minutes(6);
  EXPECT_EQ(question.decide().serve->tier, "haiku") << question.decide().reason;
  question.q.turn = TurnKind::loop_step;  // a tool that ran for six minutes is no prompt
  EXPECT_EQ(question.decide().serve->tier, "opus");
}

TEST(DecideRoute, pins_hold_from_the_next_human_turn_on) {
  QuestionForTest question("opus", 20'000);
  question.judge(0.9, 0.9);
  question.q.pin = Tier::sonnet;
  EXPECT_EQ(question.decide().serve->tier, "sonnet");
  EXPECT_EQ(question.decide().cause, RouteCause::pinned);
  question.in_lane("opus");
  EXPECT_EQ(question.decide().serve->tier, "sonnet");
  question.q.turn = TurnKind::loop_step;
  EXPECT_EQ(question.decide().serve->tier, "opus");
  question.q.turn = TurnKind::prompt;
  question.candidates[1].legal = false;
  EXPECT_EQ(question.decide().serve->tier, "opus") << "never below a pin";
  question.q.pin = Tier::opus;
  EXPECT_EQ(question.decide().serve->tier, "opus");
}

TEST(DecideRoute, effort_goes_one_level_down_under_saver_only_and_stays) {
  QuestionForTest question("opus", 15'000);
  question.candidates[1].legal = question.candidates[2].legal = false;  // the lane keeps its model
  RoutingConfig config;
  config.effort_lever = true;
  EXPECT_EQ(question.decide(config).effort, "");
  question.q.policy = RoutingPolicy::saver;
  EXPECT_EQ(question.decide().effort, "") << "off unless set";
  const RouteDecision decision = question.decide(config);
  EXPECT_EQ(decision.serve->tier, "opus");
  EXPECT_EQ(decision.effort, "low");
  question.q.requested_effort = "low";
  EXPECT_EQ(question.decide(config).effort, "") << "nothing below";
  question.q.requested_effort = "";
  EXPECT_EQ(question.decide(config).effort, "") << "none sent, none to replace";
  question.q.requested_effort = "medium";

  LaneState& lane = question.in_lane("opus");
  lane.serving_effort = "low";
  EXPECT_EQ(question.decide(config).effort, "low");
  question.q.turn = TurnKind::loop_step;
  EXPECT_EQ(question.decide(config).effort, "low");
  question.q.struggle.errors_in_a_row = 3;
  EXPECT_EQ(question.decide(config).effort, "");
  EXPECT_TRUE(question.decide(config).return_upwards);
  question.q.struggle = {};
  question.q.turn = TurnKind::prompt;
  question.judge(0.8, 0.9);
  EXPECT_EQ(question.decide(config).effort, "");
  question.q.requested_effort = "high";  // the client changed it
  EXPECT_EQ(question.decide(config).effort, "");
}

TEST(DecideRoute, a_prefix_warm_from_elsewhere_counts) {
  // Ten of fifteen thousand tokens are warm on Opus: a return five minutes later would find them gone.
  QuestionForTest question("opus", 15'000, 10'000);
  EXPECT_EQ(question.decide().serve->tier, "opus") << question.decide().reason;
  question.q.bank.balance = {kDollar.value / 10};
  EXPECT_EQ(question.decide().serve->tier, "haiku");
  question.q.bank.at_risk = {kDollar.value / 10};  // another lane of the account already counts on it
  EXPECT_EQ(question.decide().serve->tier, "opus");
}

}  // namespace
}  // namespace distiq
