#include "routing/lane_pricing.h"

#include <gtest/gtest.h>

#include "routing/question_for_test.h"

namespace distiq {
namespace {

const RoutingConfig kConfig;  // LanePricing keeps references

// A question over a prompt of which Opus has `cached` tokens warm; 2000 tokens and 500 of output per request.
struct PricedLane {
  QuestionForTest question;
  RoutingConfig config;

  explicit PricedLane(std::string_view requested, std::uint64_t cached) : question(requested, cached + 1'500, cached) {
    LaneState& lane = question.in_lane(requested);
    lane.requests = 1'000'000;  // its own means, not the class's
    lane.growth_tokens = 2'000ULL * lane.requests;
    lane.output_tokens = 500ULL * lane.requests;
    question.q.candidates = question.candidates;
  }
  ModelPrice on(std::size_t candidate) {
    return LanePricing(question.q, config).price(question.q.candidates[candidate]);
  }
};

// The published table (docs/routing.md): turns until a warm lane's move has paid for itself.
TEST(LanePricing, break_even_agrees_with_the_exact_simulation) {
  struct Case {
    const char* requested;
    std::size_t candidate;
    std::uint64_t cached;
    std::uint32_t turns;
  };
  const Case cases[] = {
      {"opus", 1, 20'000, 4},    {"opus", 1, 50'000, 8},    {"opus", 1, 90'000, 11},  {"opus", 1, 200'000, 16},
      {"opus", 1, 500'000, 20},  {"opus", 2, 20'000, 1},    {"opus", 2, 50'000, 1},   {"opus", 2, 90'000, 1},
      {"opus", 2, 200'000, 3},   {"opus", 2, 500'000, 4},   {"sonnet", 1, 20'000, 1}, {"sonnet", 1, 50'000, 1},
      {"sonnet", 1, 200'000, 7}, {"sonnet", 1, 500'000, 9},
  };
  for (const Case& c : cases) {
    // Within one turn: it does not say what the first request brings along.
    EXPECT_NEAR(PricedLane(c.requested, c.cached).on(c.candidate).break_even, c.turns, 1)
        << c.requested << " to candidate " << c.candidate << " at " << c.cached;
  }
}

TEST(LanePricing, a_life_costs_the_sum_of_its_requests_as_likely_as_they_are) {
  PricedLane lane("opus", 10'000);
  const LanePricing pricing(lane.question.q, lane.config);
  double expected = 11'500 * 5 - 10'000 * 4.8 + 500 * 20;  // in millionths of a dollar
  std::uint64_t prompt = 11'500;
  for (const double survives : pricing.forecast().survival) {
    expected += survives * (static_cast<double>(prompt) * 0.2 + 2'000 * 5 + 500 * 20);
    prompt += 2'000;
  }
  EXPECT_NEAR(static_cast<double>(lane.on(0).life.to_micro_usd()), expected, expected * 0.002);
  EXPECT_EQ(lane.on(0).life, pricing.untouched_life());
}

// 20K warm on Opus, 1.5 steps on Sonnet for each on Opus.
TEST(LanePricing, returns_and_what_extra_steps_leave_behind_are_in_the_price_of_a_life) {
  const PricedLane lane("opus", 20'000);
  const LanePricing pricing(lane.question.q, lane.config);
  const CandidateModel& sonnet = lane.question.q.candidates[1];
  const PicoUsd stays_below = pricing.price(sonnet).life;
  EXPECT_NEAR(static_cast<double>(pricing.life_with_returns(sonnet, 0).value), static_cast<double>(stays_below.value),
              1e6);
  PicoUsd before = stays_below;
  for (const double rate : {0.01, 0.03, 0.06}) {
    const PicoUsd with_returns = pricing.life_with_returns(sonnet, rate);
    EXPECT_GT(with_returns, before) << rate;
    before = with_returns;
  }
  // Certain to come back with the next request: that one is written whole on Opus, all others are as untouched.
  const PicoUsd at_once = pricing.life_with_returns(sonnet, 1e9);
  const PicoUsd opus = pricing.price(lane.question.q.candidates[0]).life;
  const double next = pricing.forecast().survival[0];
  const double first = 21'500 * 2.5 - (20'000 * 0.2 + 1'500 * 5) + 500.0 * (10 - 20);  // dollars per million
  EXPECT_NEAR(static_cast<double>((at_once - opus).value), 1e6 * (first + next * 21'500 * (5 - 0.2)), 1e8);
  // The more steps it takes, the dearer, and dearer still where the lane comes back and keeps them in its prompt.
  RoutingConfig one_to_one;
  one_to_one.extra_turns = 1;
  const LanePricing exact(lane.question.q, one_to_one);
  EXPECT_LT(exact.life_with_returns(sonnet, 0), pricing.life_with_returns(sonnet, 0));
  EXPECT_LT(exact.life_with_returns(sonnet, 0.05), pricing.life_with_returns(sonnet, 0.05));
}

TEST(LanePricing, a_price_step_is_seen_coming) {
  EXPECT_FALSE(PricedLane("opus", 20'000).on(2).crosses_step);
  EXPECT_TRUE(PricedLane("opus", 85'000).on(2).crosses_step);
  EXPECT_FALSE(PricedLane("opus", 500'000).on(1).crosses_step) << "Sonnet has none";
}

TEST(LanePricing, one_hour_marks_are_priced_as_such) {
  QuestionForTest question("opus", 15'000);
  question.q.ttl = CacheTtl::one_hour;
  for (CandidateModel& c : question.candidates) c.forecast = forecast_for_test(15'000, 0, CacheTtl::one_hour);
  question.q.candidates = question.candidates;
  const LanePricing pricing(question.q, kConfig);
  EXPECT_EQ(pricing.return_penalty(question.candidates[1]).to_micro_usd(), 117'000);  // 15 000 x (8.0 - 0.2)
  EXPECT_EQ(pricing.untouched_now(0).to_micro_usd(), 120'000);
}

TEST(LanePricing, without_marks_nothing_is_lost_by_a_return) {
  QuestionForTest question("opus", 15'000);
  for (CandidateModel& c : question.candidates) c.forecast = {.prompt_tokens = 15'000, .input = 15'000};
  question.q.candidates = question.candidates;
  const LanePricing pricing(question.q, kConfig);
  EXPECT_EQ(pricing.return_penalty(question.candidates[1]), PicoUsd{});
  EXPECT_EQ(pricing.worst_drift(question.candidates[1]), PicoUsd{});
  EXPECT_LT(pricing.exposure(question.candidates[1], true), PicoUsd{});
}

TEST(LanePricing, growth_below_haiku_can_never_make_a_return_dear_but_on_sonnet_it_can) {
  QuestionForTest question("opus", 15'000);
  question.q.candidates = question.candidates;
  const LanePricing pricing(question.q, kConfig);
  EXPECT_EQ(pricing.worst_drift(question.candidates[2]), PicoUsd{});
  EXPECT_GT(pricing.worst_drift(question.candidates[1]).to_micro_usd(), 50'000);
}

TEST(LanePricing, the_caps_count_other_lanes_of_the_session_and_the_bank) {
  QuestionForTest question("opus", 15'000);
  question.q.candidates = question.candidates;
  constexpr PicoUsd dollar{1'000'000'000'000};
  question.q.session = {.actual = dollar, .untouched = dollar};
  EXPECT_EQ(LanePricing(question.q, kConfig).cap().to_micro_usd(), 10'000 + 750);  // 1 % of $1 and of this request
  question.q.session.actual += PicoUsd{4'000'000'000};                             // others have lost $0.004 already
  EXPECT_EQ(LanePricing(question.q, kConfig).cap().to_micro_usd(), 10'000 + 750 - 4'000);
  question.q.bank.balance = dollar;
  question.q.bank.at_risk = {300'000'000'000};
  EXPECT_EQ(LanePricing(question.q, kConfig).cap_with_bank().to_micro_usd(), 10'750 + 700'000) << "it knows the loss";
  question.q.bank.balance = -dollar;  // a debt takes nothing from the cap
  EXPECT_EQ(LanePricing(question.q, kConfig).cap_with_bank().to_micro_usd(), 10'750 - 4'000 - 300'000);
  question.q.bank.at_risk = {};
  EXPECT_EQ(LanePricing(question.q, kConfig).cap_with_bank(), LanePricing(question.q, kConfig).cap());
  // A lane's own savings are in the bank too, and in its exposure: counted once.
  question.in_lane("haiku").money = {.actual = {}, .untouched = dollar};
  question.q.session = question.lane.money;
  question.q.bank = {.balance = dollar};
  EXPECT_EQ(LanePricing(question.q, kConfig).cap_with_bank(), LanePricing(question.q, kConfig).cap());
}

}  // namespace
}  // namespace distiq
