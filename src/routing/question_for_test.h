// Questions to routing for tests: candidates with forecasts as a warm or cold prompt cache would give them.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "routing/decide_route.h"

namespace distiq {

inline const ModelInfo& model_for_test(std::string_view alias) {
  return *PriceTable::builtin().find(alias);
}

// A prompt of which `cached` tokens can be read; the rest is written.
inline CacheForecast forecast_for_test(std::uint64_t prompt, std::uint64_t cached,
                                       CacheTtl ttl = CacheTtl::five_minutes) {
  CacheForecast forecast{.prompt_tokens = prompt, .read = cached, .tokens_known = true};
  (ttl == CacheTtl::one_hour ? forecast.write_1h : forecast.write_5m) = prompt - cached;
  return forecast;
}

// Where less is enough to decide, less must decide the same.
inline RouteDecision decide_for_test(const RouteQuestion& question, const RoutingConfig& config = {}) {
  RouteDecision full = decide_route(question, config);
  RouteQuestion less = question;
  less.candidates = question.candidates.first(std::min<std::size_t>(1, question.candidates.size()));
  less.verdict = {};
  less.struggle = {};
  less.bank = {};
  less.session = {};
  less.turns = nullptr;
  less.untouched = {};
  if (const auto early = decide_at_once(less, config)) {
    const bool same = early->serve == full.serve && early->effort == full.effort && early->point == full.point &&
                      early->cause == full.cause && early->reason == full.reason &&
                      early->expected_saving == full.expected_saving &&
                      early->expected_life_saving == full.expected_life_saving &&
                      early->alternatives.size() == full.alternatives.size() &&
                      early->return_upwards == full.return_upwards && early->escalates == full.escalates &&
                      early->return_penalty == full.return_penalty && early->judge_bucket == full.judge_bucket;
    if (!same) throw std::logic_error("decide_at_once: " + early->reason + ", decide_route: " + full.reason);
  }
  return full;
}

// Statistics of somebody whose lanes, placed low, never came back up: what an optimist would expect.
inline const TurnStatistics& no_returns_for_test() {
  static const TurnStatistics statistics = [] {
    TurnStatistics learned;
    for (std::uint32_t bucket = 0; bucket <= TurnStatistics::kUnjudged; ++bucket) {
      for (const Tier tier : {Tier::haiku, Tier::sonnet, Tier::opus}) {
        for (int i = 0; i < 5'000; ++i) learned.learn_below(bucket, tier);
      }
    }
    return learned;
  }();
  return statistics;
}

// Owns what a RouteQuestion only borrows.
struct QuestionForTest {
  std::vector<CandidateModel> candidates;
  LaneState lane;
  RouteQuestion q;

  explicit QuestionForTest(std::string_view requested = "opus", std::uint64_t prompt = 15'000, std::uint64_t warm = 0) {
    const ModelInfo& asked = model_for_test(requested);
    for (const ModelInfo* model : candidate_models(PriceTable::builtin(), asked)) {
      candidates.push_back(
          {.model = model, .forecast = forecast_for_test(prompt, model == &asked ? warm : 0), .legal = true});
    }
    q.request_class = RequestClass::main;
    q.requested = &asked;
    q.requested_effort = "medium";
    q.turn = TurnKind::prompt;
    q.bank.usual_day_bill = kFirstDayBill;
    q.now = MonotonicTime(std::chrono::hours(10));
    judge(0.1, 0.9);
  }
  void judge(double difficulty, double confidence) {
    q.verdict =
        PromptVerdict{.tier = Tier::haiku, .difficulty = difficulty, .confidence = confidence, .has_task = true};
    q.verdict->reason = "a test";
  }
  // A lane that has been asked before, a moment ago.
  LaneState& in_lane(std::string_view serving) {
    lane.lane_id = "lane";
    lane.request_class = q.request_class;
    lane.requested = q.requested->id;
    lane.serving = model_for_test(serving).id;
    lane.requested_effort = q.requested_effort;
    lane.last_use = q.now - std::chrono::seconds(20);
    lane.requests = lane.life_requests = 4;
    lane.prompt_tokens = candidates[0].forecast.prompt_tokens - 1'000;
    q.lane = &lane;
    return lane;
  }
  RouteDecision decide(const RoutingConfig& config = {}) {
    q.candidates = candidates;
    return decide_for_test(q, config);
  }
};

}  // namespace distiq
