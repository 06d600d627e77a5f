// Sessions as they happen, for the property tests: a plain model of prompt caches and prices of its own (in integer
// pico-dollars, from numbers written here), so that it cannot share a mistake with the code under test.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "routing/question_for_test.h"

namespace distiq {

struct RequestForTest {
  std::uint64_t prompt = 0;  // tokens
  std::uint64_t output = 0;
  std::chrono::seconds pause{0};  // since the request before
  bool human = false;
  double difficulty = 0;
  double confidence = 1;
};

struct SessionForTest {
  std::string requested = "opus";
  bool one_hour = false;
  std::array<std::uint64_t, 3> warm_elsewhere{};  // tokens of the first prompt: haiku, sonnet, opus
  std::vector<RequestForTest> requests;
};

// Which of the three models; prices per token in millionths of a millionth of a dollar.
struct BillForTest {
  static std::int64_t of(std::size_t model, bool one_hour, std::uint64_t read, std::uint64_t written,
                         std::uint64_t output) {
    static constexpr std::int64_t prices[3][4] = {// read, write 5m, write 1h, output
                                                  {10'000, 125'000, 200'000, 500'000},
                                                  {100'000, 2'500'000, 4'000'000, 10'000'000},
                                                  {200'000, 5'000'000, 8'000'000, 20'000'000}};
    const std::int64_t step = model == 0 && read + written > 100'000 ? 5 : 1;
    const std::int64_t* p = prices[model];
    return step * (p[0] * static_cast<std::int64_t>(read) + p[one_hour ? 2 : 1] * static_cast<std::int64_t>(written) +
                   p[3] * static_cast<std::int64_t>(output));
  }
};

// The prompt caches of one world; prompts only grow, so a length is a prefix.
class CachesForTest {
 public:
  explicit CachesForTest(const SessionForTest& session) : session_(session), tokens_(session.warm_elsewhere) {}

  void pass(std::chrono::seconds time) { now_ += time; }
  [[nodiscard]] std::uint64_t readable(std::size_t model, std::uint64_t prompt) const {
    const std::chrono::seconds life = session_.one_hour ? std::chrono::hours(1) : std::chrono::minutes(5);
    return now_ - used_[model] > life ? 0 : std::min(tokens_[model], prompt);
  }
  std::int64_t serve(std::size_t model, const RequestForTest& request) {
    const std::uint64_t read = readable(model, request.prompt);
    tokens_[model] = request.prompt;
    used_[model] = now_;
    return BillForTest::of(model, session_.one_hour, read, request.prompt - read, request.output);
  }

 private:
  const SessionForTest& session_;
  std::array<std::uint64_t, 3> tokens_;
  std::array<std::chrono::seconds, 3> used_{};
  std::chrono::seconds now_{0};
};

// What the lanes of one client session share.
struct LedgerForTest {
  AccountBanks banks;
  WorldMoney session;
  std::int64_t over_cap = 0;  // the most that the session ever was above 1 % over never moving

  explicit LedgerForTest(PicoUsd bank, PicoUsd day_bill = {}) {
    banks.book("me", {.actual = day_bill, .untouched = day_bill + bank}, kWall);
  }
  static constexpr WallTime kWall{std::chrono::milliseconds(1'795'000'000'000)};
};

struct OutcomeForTest {
  std::int64_t actual = 0;
  std::int64_t untouched = 0;
  bool moved = false;
  bool returned_for_quality = false;
  bool returned_for_the_cap = false;
};

// Plays one lane under a policy. Once the model struggles, a lane that is below comes up.
class PlayForTest {
 public:
  PlayForTest(const SessionForTest& session, RoutingPolicy policy, LedgerForTest& ledger, std::string name = "lane")
      : session_(session), policy_(policy), ledger_(ledger), actual_(session), untouched_(session) {
    requested_ = PriceTable::builtin().find(session.requested);
    lane_.lane_id = std::move(name);
    for (const ModelInfo* model : candidate_models(PriceTable::builtin(), *requested_)) {
      candidates_.push_back({.model = model, .forecast = {}, .legal = true});
    }
  }

  [[nodiscard]] bool is_over() const { return next_ == session_.requests.size(); }
  // When the next request comes. Requires: not over.
  [[nodiscard]] MonotonicTime next_at() const { return now_ + session_.requests[next_].pause; }
  void step(bool struggles) { step(session_.requests[next_++], struggles); }
  [[nodiscard]] const OutcomeForTest& outcome() const { return outcome_; }

  OutcomeForTest play(std::size_t struggle_at) {
    while (!is_over()) step(next_ >= struggle_at);
    return outcome_;
  }

 private:
  static std::size_t index_of(const ModelInfo& model) {
    return model.tier == "haiku" ? 0U : model.tier == "sonnet" ? 1U : 2U;
  }
  CacheForecast forecast(const CachesForTest& caches, const ModelInfo& model, std::uint64_t prompt) const {
    CacheForecast forecast{.prompt_tokens = prompt, .read = caches.readable(index_of(model), prompt)};
    (session_.one_hour ? forecast.write_1h : forecast.write_5m) = prompt - forecast.read;
    return forecast;
  }

  void step(const RequestForTest& request, bool struggles) {
    actual_.pass(request.pause);
    untouched_.pass(request.pause);
    now_ += request.pause;
    // The cap may rest on no forecast: these place as boldly as any would.
    static constexpr RoutingConfig bold{.extra_turns = 1};
    const RouteDecision decision = decide_for_test(question(request, struggles), bold);
    account(request, decision);
  }

  RouteQuestion question(const RequestForTest& request, bool struggles) {
    for (CandidateModel& c : candidates_) c.forecast = forecast(actual_, *c.model, request.prompt);
    RouteQuestion q;
    q.request_class = RequestClass::main;
    q.lane = has_lane_ ? &lane_ : nullptr;
    q.requested = requested_;
    q.candidates = candidates_;
    q.untouched = forecast(untouched_, *requested_, request.prompt);
    q.ttl = session_.one_hour ? CacheTtl::one_hour : CacheTtl::five_minutes;
    q.turn = request.human ? TurnKind::prompt : TurnKind::loop_step;
    if (request.human) {
      q.verdict = PromptVerdict{.tier = request.difficulty < 0.25 ? Tier::haiku : Tier::sonnet,
                                .difficulty = request.difficulty,
                                .confidence = request.confidence,
                                .has_task = true};
    }
    q.struggle.errors_in_a_row = struggles ? 9 : 0;
    q.policy = policy_;
    q.bank = ledger_.banks.view("me", lane_.lane_id, now_, LedgerForTest::kWall);
    q.session = ledger_.session;
    q.turns = &no_returns_for_test();
    q.now = now_;
    return q;
  }

  void account(const RequestForTest& request, const RouteDecision& decision) {
    const std::size_t served = index_of(*decision.serve);
    const std::int64_t paid = actual_.serve(served, request);
    const std::int64_t direct = untouched_.serve(index_of(*requested_), request);
    outcome_.actual += paid;
    outcome_.untouched += direct;
    outcome_.moved |= decision.serve != requested_;
    outcome_.returned_for_quality |= decision.return_upwards;
    outcome_.returned_for_the_cap |= decision.cause == RouteCause::cap_return;
    const WorldMoney money{.actual = {paid}, .untouched = {direct}};
    ledger_.session += money;
    ledger_.banks.book("me", money, LedgerForTest::kWall);
    ledger_.banks.hold("me", lane_.lane_id, decision.return_penalty,
                       now_ + std::chrono::minutes(session_.one_hour ? 60 : 5));
    const std::int64_t direct_sum = ledger_.session.untouched.value;
    ledger_.over_cap = std::max(ledger_.over_cap, ledger_.session.actual.value - direct_sum - direct_sum / 100);
    remember(request, decision, paid, direct);
  }

  void remember(const RequestForTest& request, const RouteDecision& decision, std::int64_t paid, std::int64_t direct) {
    const bool starts = decision.point != DecisionPoint::none && decision.point != DecisionPoint::human_turn_warm &&
                        decision.point != DecisionPoint::escalation;
    lane_.life_requests = starts ? 1 : lane_.life_requests + 1;
    if (decision.point == DecisionPoint::human_turn_warm && decision.serve->id != lane_.serving &&
        !decision.return_upwards) {
      ++lane_.warm_moves;
    }
    has_lane_ = true;
    lane_.requested = requested_->id;
    lane_.serving = decision.serve->id;
    lane_.ttl = session_.one_hour ? CacheTtl::one_hour : CacheTtl::five_minutes;
    lane_.last_use = now_;
    lane_.prompt_tokens = request.prompt;
    lane_.escalated |= decision.escalates;
    lane_.money += {.actual = {paid}, .untouched = {direct}};
    ++lane_.requests;
  }

 private:
  const SessionForTest& session_;
  RoutingPolicy policy_;
  LedgerForTest& ledger_;
  CachesForTest actual_;
  CachesForTest untouched_;
  const ModelInfo* requested_ = nullptr;
  std::vector<CandidateModel> candidates_;
  LaneState lane_;
  bool has_lane_ = false;
  MonotonicTime now_{std::chrono::hours(5)};
  OutcomeForTest outcome_;
  std::size_t next_ = 0;
};

// Sessions of one to sixty requests: human turns and tool loops, pauses on both sides of the cache's life, growth and
// outputs over three orders of magnitude.
class SessionsForTest {
 public:
  SessionsForTest(unsigned seed, std::uint64_t max_growth) : random_(seed), max_growth_(max_growth) {}

  SessionForTest next() {
    SessionForTest session;
    session.requested = chance(0.7) ? "opus" : "sonnet";
    session.one_hour = chance(0.4);
    // Some are as bad for a move as can be: hardly any output, as much growth as there may be.
    const bool is_stingy = chance(0.4);
    const bool grows_fast = is_stingy && chance(0.5);
    const std::uint64_t start = log_uniform(2'000, 60'000);
    for (std::uint64_t& warm : session.warm_elsewhere) warm = chance(0.3) ? start * between(1, 9) / 10 : 0;
    std::uint64_t prompt = start;
    const std::uint64_t count = log_uniform(1, 60);
    for (std::uint64_t i = 0; i < count; ++i) {
      RequestForTest request{.prompt = prompt, .output = is_stingy ? 1 : log_uniform(1, 4'000)};
      request.human = i == 0 || chance(0.25);
      if (i > 0) request.pause = std::chrono::seconds(request.human ? log_uniform(5, 5'000) : log_uniform(2, 200));
      request.difficulty = real(0, 1) * real(0, 1);
      request.confidence = real(0.2, 1);
      session.requests.push_back(request);
      prompt += grows_fast ? max_growth_ : log_uniform(1, max_growth_);
    }
    return session;
  }
  PicoUsd bank() { return {chance(0.5) ? 0 : static_cast<std::int64_t>(log_uniform(1e9, 1e12))}; }

 private:
  bool chance(double p) { return real(0, 1) < p; }
  double real(double from, double to) { return std::uniform_real_distribution<double>(from, to)(random_); }
  std::uint64_t between(std::uint64_t from, std::uint64_t to) {
    return std::uniform_int_distribution<std::uint64_t>(from, to)(random_);
  }
  std::uint64_t log_uniform(double from, double to) {
    return static_cast<std::uint64_t>(from * std::pow(to / from, real(0, 1)));
  }

  std::mt19937 random_;
  std::uint64_t max_growth_;
};

}  // namespace distiq
