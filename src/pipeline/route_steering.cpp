#include "pipeline/route_steering.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "message/human_prompt.h"
#include "money/cost.h"
#include "pipeline/alternatives.h"
#include "routing/decide_route.h"
#include "routing/effort.h"
#include "routing/legality.h"
#include "stats/account_kind.h"

namespace distiq {
namespace {

// What the judge reads of a pasted novel.
constexpr std::size_t max_judged_bytes = 32u * 1024;
constexpr std::size_t max_quotas = 256;
// How many lives of forgotten lanes are counted with one request.
constexpr std::size_t ended_lives_per_request = 4;

constexpr std::chrono::seconds rate_limit_life{60};
constexpr std::chrono::seconds overload_life{120};
constexpr std::chrono::seconds refusal_life{3600};
constexpr std::string_view cache_control_feature = "cache_control";
constexpr std::string_view long_life_beta = "extended-cache-ttl-";

CacheTtl longest_ttl(const PromptMap& prompt) {
  const bool hour =
      std::ranges::any_of(prompt.breakpoints, [](const Breakpoint& mark) { return mark.ttl == CacheTtl::one_hour; });
  return hour ? CacheTtl::one_hour : CacheTtl::five_minutes;
}

bool is_control(std::string_view session_id, unsigned percent) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a: stable over versions, so that a session keeps its arm
  for (const char c : session_id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash >> 32U) % 100 < percent;
}

// A sub-agent of a client that sends no hints: one that can neither edit nor start others explores.
bool only_looks(const SteeringQuestion& question) {
  constexpr std::array<std::string_view, 6> doers = {"Edit", "Write", "MultiEdit", "NotebookEdit", "Agent", "Task"};
  if (question.lane.request_class != RequestClass::sub_agent || question.view.tools.empty()) return false;
  return std::ranges::none_of(question.view.tools, [&](const Tool& tool) {
    return std::ranges::any_of(doers, [&](std::string_view name) { return question.view.equals(tool.name, name); });
  });
}

std::size_t pictures_beside(const RequestView& view, const HumanPrompt& prompt) {
  if (prompt.message >= view.messages.size()) return 0;
  const Message& message = view.messages[prompt.message];
  std::size_t pictures = 0;
  for (std::uint32_t i = message.first_block; i < message.end_block; i = view.blocks[i].next) {
    pictures += view.blocks[i].type == BlockType::image ? 1 : 0;
  }
  return pictures;
}

// What a refusal speaks against, and for how long. The answer rarely names the feature: the class of the request stands
// for it, as requests of one class look alike.
struct Blame {
  std::string feature;
  std::chrono::seconds life;
};
Blame blame_of(const Refusal& refusal, RequestClass request_class) {
  if (refusal.status == 429) {
    const auto asked = std::chrono::seconds(std::clamp<std::int64_t>(refusal.retry_after_s, 0, 24 * 3600));
    return {"", std::max(rate_limit_life, asked)};
  }
  const bool server = refusal.status == 0 || refusal.status >= 500 || refusal.status < 400;
  if (server) return {"", overload_life};
  if (refusal.status == 403 || refusal.status == 404) return {"", refusal_life};  // not this account's model
  return {std::string(to_string(request_class)), refusal_life};
}

}  // namespace

struct RouteSteering::Request final : SteeringState {
  LaneIdentity lane;
  std::string account;
  std::string agent_type;
  RoutingPolicy policy = RoutingPolicy::off;
  std::string_view arm;
  MonotonicTime now;
  const ModelInfo* requested = nullptr;
  std::string requested_id;  // as the client wrote it
  std::string requested_effort;
  std::string untouchable;
  PromptMap prompt;       // as it came
  PromptMap sent_prompt;  // as it leaves, where an edit changes what the cache depends on
  bool prompt_edited = false;
  CacheTtl ttl = CacheTtl::five_minutes;
  TurnKind turn = TurnKind::none;
  std::optional<PromptVerdict> verdict;
  Struggle struggle;

  RouteDecision decision;
  CacheForecast served_forecast;              // on the model that was decided for
  bool moved = false;                         // leaves for another model
  bool effort_lowered = false;                // leaves with less effort
  std::optional<CacheDifference> difference;  // from the lane's request before
  CarePlan care;                              // cache markers that it leaves with, or would
  const ModelInfo* served = nullptr;
  CacheTicket ticket{};
  bool has_ticket = false;
  std::uint64_t prompt_before = 0;  // of the lane's former request
};

// What is remembered that bears on one request, copied out of the lock: by look_up() the lane, the requested model's
// forecast and the pressure, by look_up_rest() everything else.
struct RouteSteering::Known {
  std::optional<LaneState> lane;
  std::vector<CacheForecast> forecasts;  // of candidate_models()
  std::vector<std::string> refused;      // why not, from earlier refusals
  CacheForecast untouched;
  AccountBank bank;
  WorldMoney session;
  QuotaPressure pressure;
  TurnStatistics turns;
};

RouteSteering::RouteSteering(const PriceTable& prices, const Clock& policy_clock, const Clock& stopwatch,
                             const LivePolicy& live, const PromptJudge* judge, RouteSteeringConfig config)
    : prices_(prices), clock_(policy_clock), stopwatch_(stopwatch), live_(live), judge_(judge), config_(config) {
  worlds_.watch_from(clock_.monotonic());
}

RouteSteering::~RouteSteering() = default;

// ---- before the request leaves
// ----------------------------------------------------------------------------------------

namespace {

std::optional<RoutingPolicy> asked_policy(const RequestHead& head) {
  const auto field = head.headers.find("x-distiq-policy");
  return field ? routing_policy_from(*field) : std::nullopt;
}

}  // namespace

bool RouteSteering::wants(const RequestHead& head) const {
  if (head.path() != "/v1/messages") return false;
  return asked_policy(head).value_or(live_.policy()) != RoutingPolicy::off;
}

std::string_view RouteSteering::arm_of(std::string_view session_id) const {
  if (config_.holdout_percent == 0 || session_id.empty()) return {};
  return is_control(session_id, config_.holdout_percent) ? "control" : "treated";
}

RoutingPolicy RouteSteering::policy_for(const SteeringQuestion& question) const {
  if (!question.may_edit) return RoutingPolicy::off;
  if (const auto asked = asked_policy(question.head)) return *asked;
  const RoutingPolicy live = live_.policy();
  const bool held_out = live != RoutingPolicy::off && arm_of(question.lane.session_id) == "control";
  return held_out ? RoutingPolicy::observe : live;
}

SteeringPlan RouteSteering::plan(const SteeringQuestion& question) {
  const MonotonicTime began = stopwatch_.monotonic();
  auto request = std::make_unique<Request>();
  request->lane = question.lane;
  request->agent_type = std::string(question.head.headers.get_or("x-claude-code-agent-type", "").substr(0, 64));
  if (request->agent_type.empty() && only_looks(question)) request->agent_type = "Explore";
  request->policy = policy_for(question);
  request->arm = arm_of(question.lane.session_id);
  request->now = clock_.monotonic();
  request->requested_id = question.view.text(question.view.model);
  request->requested = prices_.find(request->requested_id);
  request->served = request->requested;
  request->requested_effort = effort_of(question.view);
  request->prompt = map_prompt(question.view, question.head);
  request->ttl = longest_ttl(request->prompt);
  request->turn = find_human_prompt(question.view).kind;
  request->decision.serve = request->requested;
  {
    const std::lock_guard lock(mutex_);
    const bool refreshes =
        question.view.account_uuid.empty() &&
        account_kind_of_credentials(question.head.headers.get_or("authorization", ""), "") == AccountKind::subscription;
    request->account = refreshes ? links_.resolve(question.lane.session_id, question.account) : question.account;
    request->difference = care_.difference(request->lane.lane_id, question.view, request->prompt);
  }
  SteeringPlan plan;
  plan.serve = request->requested_id;
  if (request->policy != RoutingPolicy::off) {
    decide(question, *request);
    const bool in_time = stopwatch_.monotonic() - began <= config_.budget;
    if (!in_time) request->decision.reason = "not changed: deciding took too long";
    if (in_time && request->policy != RoutingPolicy::observe) {
      request->moved = request->decision.serve != nullptr && request->decision.serve != request->requested;
      request->effort_lowered =
          !request->decision.effort.empty() && request->decision.effort != request->requested_effort;
      if (request->moved) request->served = request->decision.serve;
      care(question, *request);
      edit(question, *request, plan);
    }
  }
  if (request->effort_lowered || !request->care.empty()) {
    request->sent_prompt = with_care(request->prompt, request->care);
    if (request->effort_lowered) request->sent_prompt.context.effort = request->decision.effort;
    request->prompt_edited = true;
  }
  describe(*request, plan);
  plan.state = std::move(request);
  return plan;
}

void RouteSteering::judge(const SteeringQuestion& question, Request& request) const {
  request.struggle = find_struggle(question.view);
  if (request.turn != TurnKind::prompt || judge_ == nullptr) return;
  const HumanPrompt prompt = find_human_prompt(question.view);
  std::string text = prompt_text(question.view, prompt);
  if (text.size() > max_judged_bytes) text.resize(max_judged_bytes);
  const std::size_t pictures = pictures_beside(question.view, prompt);
  if (!text.empty() || pictures > 0) request.verdict = judge_->judge({text, pictures});
}

RouteSteering::Known RouteSteering::look_up(const Request& request) {
  const WallTime wall = clock_.wall();
  Known known;
  const std::lock_guard lock(mutex_);
  if (const LaneState* lane = lanes_.find(request.lane.lane_id)) known.lane = *lane;
  known.forecasts.push_back(worlds_.forecast({request.account, request.requested}, request.prompt, request.now));
  if (const auto quota = quotas_.find(request.account); quota != quotas_.end()) {
    known.pressure = quota->second.pressure(wall);
  }
  return known;
}

void RouteSteering::look_up_rest(const Request& request, const std::vector<const ModelInfo*>& models, Known& known) {
  const WallTime wall = clock_.wall();
  const std::array<std::string_view, 1> features = {to_string(request.lane.request_class)};
  const std::lock_guard lock(mutex_);
  for (const ModelInfo* model : models) {
    if (model != request.requested) {
      known.forecasts.push_back(worlds_.forecast({request.account, model}, request.prompt, request.now));
    }
    const auto* refused = refusals_.find(request.account, model->id, features, request.now);
    known.refused.push_back(refused == nullptr ? "" : "refused a short while ago");
  }
  known.untouched = worlds_.forecast_untouched({request.account, request.requested}, request.prompt, request.now);
  known.bank = banks_.view(request.account, request.lane.lane_id, request.now, wall);
  known.session =
      lanes_.session_money(request.lane.session_id.empty() ? request.lane.lane_id : request.lane.session_id);
  known.turns = turns_;
}

void RouteSteering::decide(const SteeringQuestion& question, Request& request) {
  if (request.requested == nullptr) {
    request.decision.reason = "as asked: this model is not in the price table";
    return;
  }
  request.untouchable = why_untouchable(question.view);
  Known known = look_up(request);
  std::vector<CandidateModel> candidates;
  candidates.push_back({.model = request.requested, .forecast = known.forecasts[0], .legal = true});
  RouteQuestion route{.request_class = request.lane.request_class,
                      .is_ours_to_place = question.head.headers.has(openai_door_field),
                      .agent_type = request.agent_type,
                      .lane = known.lane ? &*known.lane : nullptr,
                      .requested = request.requested,
                      .requested_effort = request.requested_effort,
                      .untouchable_because = request.untouchable,
                      .candidates = candidates,
                      .untouched = {},
                      .ttl = request.ttl,
                      .turn = request.turn,
                      .verdict = {},
                      .struggle = {},
                      .policy = request.policy,
                      .pin = live_.pin(),
                      .pressure = known.pressure,
                      .bank = {},
                      .session = {},
                      .turns = nullptr,
                      .now = request.now};
  if (auto at_once = decide_at_once(route, config_.routing)) {
    request.decision = *std::move(at_once);
  } else {
    const auto models = candidate_models(prices_, *request.requested);
    look_up_rest(request, models, known);
    for (std::size_t i = 1; i < models.size(); ++i) {
      candidates.push_back({.model = models[i], .forecast = known.forecasts[i], .legal = true});
      Legality legality =
          check_target(question.view, question.head, *request.requested, *models[i], known.forecasts[i].prompt_tokens);
      if (legality.legal && !known.refused[i].empty()) legality = {false, known.refused[i]};
      candidates.back().legal = legality.legal;
      candidates.back().illegal_because = std::move(legality.because);
    }
    judge(question, request);
    request.struggle.refused = known.lane && known.lane->refused_below;
    route.candidates = candidates;
    route.untouched = known.untouched;
    route.verdict = request.verdict;
    route.struggle = request.struggle;
    route.bank = known.bank;
    route.session = known.session;
    route.turns = &known.turns;
    request.decision = decide_route(route, config_.routing);
  }
  const auto serves = std::ranges::find(candidates, request.decision.serve, &CandidateModel::model);
  if (serves != candidates.end()) request.served_forecast = serves->forecast;
}

// After the route is known: markers and lives are chosen for the model that serves.
void RouteSteering::care(const SteeringQuestion& question, Request& request) {
  if (!config_.prompt_caching || request.served == nullptr || !request.untouchable.empty()) return;
  const WallTime wall = clock_.wall();
  const std::lock_guard lock(mutex_);
  constexpr std::array<std::string_view, 1> feature = {cache_control_feature};
  if (refusals_.find(request.account, request.served->id, feature, request.now) != nullptr) return;
  const AccountBank bank = banks_.view(request.account, request.lane.lane_id, request.now, wall);
  request.care = care_.plan({
      .account = request.account,
      .lane_id = request.lane.lane_id,
      .lane_kind = to_string(request.lane.request_class),
      .view = &question.view,
      .prompt = &request.prompt,
      .model = request.served,
      .forecast = request.served_forecast,
      .bank = std::max(bank.available(), PicoUsd{}),
      .has_long_life_beta = question.head.headers.get_or("anthropic-beta", "").contains(long_life_beta),
      .now = request.now,
  });
}

void RouteSteering::edit(const SteeringQuestion& question, Request& request, SteeringPlan& plan) const {
  const RouteDecision& decision = request.decision;
  EditPlan edits;
  if (request.moved) {
    if (const auto planned = plan_model(edits, question.view, decision.serve->id, decision.reason); !planned) {
      throw std::runtime_error(planned.error().log_detail);
    }
  }
  if (request.effort_lowered) {
    if (const auto planned = plan_effort(edits, question.view, decision.effort, decision.reason); !planned) {
      throw std::runtime_error(planned.error().log_detail);
    }
  }
  // Without its markers a request is as good as it came.
  if (!plan_care(edits, question.view, request.care)) request.care = {};
  plan.edits = std::move(edits);
  if (!request.moved) return;
  plan.serve = decision.serve->id;
  if (config_.echo_requested_model) plan.echo = request.requested_id;
}

void RouteSteering::describe(const Request& request, SteeringPlan& plan) const {
  const RouteDecision& decision = request.decision;
  plan.record.human_turn = request.turn == TurnKind::prompt;
  if (request.policy == RoutingPolicy::off) return;
  const std::string asked = prices_.short_name(request.requested_id);
  plan.route = request.moved ? fmt::format("{} (from {})", prices_.short_name(plan.serve), asked) : asked;
  plan.reason = decision.reason;
  if (const std::string care = request.care.reason(); !care.empty()) {
    plan.reason = request.moved ? fmt::format("{}; {}", decision.reason, care) : care;
  }
  RouteRecord& record = plan.record;
  record.policy = to_string(request.policy);
  record.moved = request.moved;
  record.arm = request.arm;
  if (decision.point != DecisionPoint::none) record.decision_point = to_string(decision.point);
  if (decision.cause != RouteCause::none) record.cause = to_string(decision.cause);
  record.requested_effort = request.requested_effort;
  record.served_effort = request.effort_lowered ? decision.effort : request.requested_effort;
  record.expected_saving = decision.expected_saving;
  record.alternatives = alternatives_json(decision.alternatives);
  if (request.policy != RoutingPolicy::observe || decision.serve == nullptr) return;
  const bool would_move = decision.serve != request.requested;
  if (!would_move) return;
  // Most reasons name the way themselves: "opus -> haiku: ...".
  const bool names_it = plan.reason.starts_with(request.requested->tier + " -> ");
  plan.reason = names_it ? "would move " + plan.reason
                         : fmt::format("would go to {}: {}", prices_.short_name(decision.serve->id), plan.reason);
}

// ---- while it is under way
// ----------------------------------------------------------------------------------------------

// Requires: mutex_ is held.
void RouteSteering::open_ticket(Request& request) {
  if (request.requested == nullptr || request.served == nullptr) return;
  request.ticket = worlds_.sent({.account = request.account,
                                 .requested = request.requested,
                                 .served = request.served,
                                 .untouched = &request.prompt,
                                 .sent = request.prompt_edited ? &request.sent_prompt : &request.prompt},
                                request.now);
  request.has_ticket = true;
}

// Requires: mutex_ is held.
void RouteSteering::note_lane(const Request& request) {
  const RouteDecision& decision = request.decision;
  const DecisionPoint point = decision.point;
  const bool in_life =
      point == DecisionPoint::none || point == DecisionPoint::human_turn_warm || point == DecisionPoint::escalation;
  const auto ended =
      lanes_.sent({.lane_id = request.lane.lane_id,
                   .session_id = request.lane.session_id,
                   .account = request.account,
                   .request_class = request.lane.request_class,
                   .requested = request.requested == nullptr ? std::string_view(request.requested_id)
                                                             : std::string_view(request.requested->id),
                   .serving = request.served == nullptr ? request.requested_id
                              : request.moved           ? std::string_view(request.served->id)
                                                        : std::string_view(request.requested_id),
                   .requested_effort = request.requested_effort,
                   .serving_effort = request.effort_lowered ? std::string_view(decision.effort) : std::string_view(),
                   .ttl = request.ttl,
                   .turn = request.turn,
                   .starts_life = !in_life,
                   .is_warm_move = point == DecisionPoint::human_turn_warm && request.moved,
                   .escalates = decision.escalates && request.policy != RoutingPolicy::observe,
                   .judge_bucket = decision.judge_bucket,
                   .return_penalty = request.moved ? decision.return_penalty : PicoUsd{},
                   .now = request.now});
  if (ended) turns_.learn_life(ended->request_class, ended->requests);
  const auto life = std::chrono::minutes(request.ttl == CacheTtl::one_hour ? 60 : 5);
  banks_.hold(request.account, request.lane.lane_id, request.moved ? decision.return_penalty : PicoUsd{},
              request.now + life);
}

void RouteSteering::sending(SteeringPlan& plan) {
  auto& request = static_cast<Request&>(*plan.state);
  const std::lock_guard lock(mutex_);
  const LaneState* lane = lanes_.find(request.lane.lane_id);
  if (lane != nullptr) request.prompt_before = lane->prompt_tokens;
  if (request.decision.return_upwards && lane != nullptr) {
    if (const ModelInfo* below = prices_.find(lane->serving)) {
      if (const auto tier = tier_from(below->tier)) turns_.learn_return(lane->judge_bucket, *tier);
    }
  }
  for (const EndedLife& life : lanes_.take_ended(request.now, ended_lives_per_request)) {
    turns_.learn_life(life.request_class, life.requests);
  }
  note_lane(request);
  open_ticket(request);
}

void RouteSteering::refused(SteeringPlan& plan, const Refusal& refusal) {
  auto& request = static_cast<Request&>(*plan.state);
  const std::string served = request.served == nullptr ? std::string() : request.served->id;
  plan.edits = {};
  plan.echo.clear();
  plan.serve = request.requested_id;
  plan.route = prices_.short_name(request.requested_id);
  plan.reason = fmt::format("{} refused the edited request ({}{}{}): the original was sent", prices_.short_name(served),
                            refusal.status == 0 ? "" : std::to_string(refusal.status),
                            refusal.status == 0 || refusal.error_type.empty() ? "" : " ", refusal.error_type);
  plan.record.moved = false;
  plan.record.expected_saving = {};
  plan.record.served_effort = request.requested_effort;
  const bool was_moved = request.moved || request.effort_lowered;
  const bool was_longer = request.care.one_hour;
  request.moved = request.effort_lowered = request.prompt_edited = false;
  request.care = {};
  request.served = request.requested;

  const std::lock_guard lock(mutex_);
  const Blame blame = blame_of(refusal, request.lane.request_class);
  if (was_moved) refusals_.remember(request.account, served, blame.feature, request.now, blame.life);
  if (!was_moved && !was_longer && refusal.status == 400) {
    refusals_.remember(request.account, served, std::string(cache_control_feature), request.now, refusal_life);
  }
  if (was_longer && refusal.status == 400) care_.long_life_refused(request.account, request.now);
  if (request.has_ticket) worlds_.drop(request.ticket);
  lanes_.returned(request.lane.lane_id);
  banks_.hold(request.account, request.lane.lane_id, {}, request.now);
  open_ticket(request);
}

void RouteSteering::answer_began(SteeringPlan& plan, const ResponseHead& head) {
  const auto& request = static_cast<const Request&>(*plan.state);
  const WallTime wall = clock_.wall();
  const std::lock_guard lock(mutex_);
  if (request.has_ticket && head.status == 200) worlds_.answer_began(request.ticket);
  if (quotas_.size() < max_quotas || quotas_.contains(request.account)) {
    quotas_[request.account].learn(head.headers, wall);
  }
}

// ---- afterwards
// -----------------------------------------------------------------------------------------------------------

// The answer as it would have been billed untouched.
UsageReport RouteSteering::untouched_report(const Request& request, const UsageReport& report,
                                            const Counterfactual& untouched) const {
  UsageReport same = report;
  same.model = request.requested->id;
  same.total = untouched.usage;
  same.iterations.clear();
  return same;
}

void RouteSteering::book_difference(const Request& request, const UsageReport& report, const Counterfactual& untouched,
                                    RequestRecord& record) const {
  const PicoUsd answer_cost = record.cost - record.route.discarded_cost;
  // Nothing of it was ever touched: what it cost is what it would have cost, to the last pico-dollar.
  const bool is_untouched =
      untouched.worlds_agreed && !request.moved && !request.effort_lowered && request.care.empty();
  if (is_untouched || (!report.iterations.empty() && !request.moved)) {
    record.counterfactual = answer_cost;
    return;
  }
  const Charge price = charge(prices_, untouched_report(request, report, untouched), request.requested->id);
  record.counterfactual = price.cost;
  record.route.untouched = price.billed;
  record.price_estimated = record.price_estimated || price.estimated;
  PicoUsd saved = price.cost - answer_cost;
  if (request.decision.cause == RouteCause::restored_helper && saved.value > 0) {
    record.restored = saved;
    saved = {};
  }
  book_causes(request, report, saved, record);
}

// Requires: mutex_ is held.
void RouteSteering::guard(const Request& request, const UsageReport& report, RequestRecord& record) {
  const auto broken = care_.answered({.lane_id = request.lane.lane_id,
                                      .prompt = request.prompt_edited ? &request.sent_prompt : &request.prompt,
                                      .difference = request.difference,
                                      .served = request.served,
                                      .started = request.now,
                                      .usage = report.total});
  if (!broken) return;
  record.route.cache_break = broken->field;
  record.route.cache_break_tokens = broken->tokens;
  record.route.cache_break_cost = broken->price;
}

// The part of another model is what the same split of tokens would have cost on the one that was asked; the rest is
// what markers and lives did to the split, now or in the requests before.
void RouteSteering::book_causes(const Request& request, const UsageReport& report, PicoUsd saved,
                                RequestRecord& record) const {
  RouteRecord& route = record.route;
  const PicoUsd answer_cost = record.cost - route.discarded_cost;
  PicoUsd by_model;
  if (request.moved) {
    const bool split_differs = !request.care.empty() || request.prompt.breakpoints.empty();
    by_model = split_differs ? charge_on(request, report) - answer_cost : saved;
    if (record.restored.value > 0) by_model = {};
  }
  const PicoUsd rest = saved - by_model;
  route.saved_by_routing += by_model;
  if (request.care.one_hour) {
    route.saved_by_ttl += rest;
  } else if (request.prompt.breakpoints.empty() || (!request.care.markers.marks.empty() && rest.value > 0)) {
    route.saved_by_markers += rest;
  } else if (request.effort_lowered && !request.moved) {
    route.saved_by_effort += rest;
  } else {
    // Another model's cache is to be filled: after a return upwards, or where an earlier request was moved that would
    // have filled it. A marker of ours beside the client's own writes nothing that theirs would not: it cannot lose.
    route.saved_by_routing += rest;
  }
}

PicoUsd RouteSteering::charge_on(const Request& request, const UsageReport& report) const {
  UsageReport same = report;
  same.model = request.requested->id;
  same.iterations.clear();
  return charge(prices_, same, request.requested->id).cost;
}

void RouteSteering::settle(SteeringPlan& plan, const UsageReport& report, RequestRecord& record) {
  auto& request = static_cast<Request&>(*plan.state);
  const WallTime wall = clock_.wall();
  const std::lock_guard lock(mutex_);
  Counterfactual untouched{.usage = record.usage, .forecast = {}};
  if (request.has_ticket) {
    if (report.seen) {
      untouched = worlds_.settle(request.ticket, report.total);
    } else {
      worlds_.drop(request.ticket);
    }
  }
  if (request.requested == nullptr) return;
  if (report.seen) book_difference(request, report, untouched, record);
  if (report.seen) guard(request, report, record);
  if (!report.seen && record.route.discarded_cost.value == 0) return;

  const WorldMoney money{.actual = record.cost, .untouched = record.counterfactual - record.restored};
  // A turn begins with one request on any model; the steps behind it may be more on a smaller one.
  const bool may_be_extra = request.moved && request.turn != TurnKind::prompt;
  const WorldMoney certain = may_be_extra ? cautious(money, config_.routing.extra_turns) : money;
  lanes_.settled(request.lane.lane_id, request.served->id, report.total, certain);
  banks_.book(request.account, certain, wall);
  const std::uint64_t prompt = report.total.prompt();
  const bool grew = request.prompt_before > 0 && prompt > request.prompt_before;
  if (prompt > 0) {
    turns_.learn_request(request.lane.request_class, grew ? prompt - request.prompt_before : 0, report.total.output);
  }
  if (request.moved && report.stop_reason == "refusal") lanes_.refused(request.lane.lane_id);
  if (!request.moved) return;
  if (const auto tier = tier_from(request.served->tier)) turns_.learn_below(request.decision.judge_bucket, *tier);
}

// ---- over a restart
// ---------------------------------------------------------------------------------------------------

SteeringRows RouteSteering::rows() {
  const MonotonicTime now = clock_.monotonic();
  const WallTime wall = clock_.wall();
  SteeringRows rows;
  const auto add = [&rows](const char* kind, std::string line) {
    if (!line.empty()) rows.emplace_back(kind, std::move(line));
  };
  const std::lock_guard lock(mutex_);
  for (const AccountBankRow& bank : banks_.rows()) add("bank", bank_line(bank));
  add("turns", numbers_line(turns_.counts()));
  for (const auto& [kind, account] : care_.pauses().accounts()) {
    if (kind.find('\t') != std::string::npos) continue;
    add("pauses",
        kind + '\t' +
            numbers_line({account.five_minutes_usd, account.one_hour_usd, account.requests, account.long_pauses}));
  }
  for (const LaneRow& lane : lanes_.rows(now, wall)) add("lane", lane_line(lane));
  for (std::string& line : worlds_.rows(now, wall)) add("cache", std::move(line));
  return rows;
}

void RouteSteering::restore(const SteeringRows& rows, std::chrono::milliseconds limit) {
  const MonotonicTime give_up = stopwatch_.monotonic() + limit;
  const MonotonicTime now = clock_.monotonic();
  const WallTime wall = clock_.wall();
  std::vector<LaneRow> lanes;
  std::vector<AccountBankRow> banks;
  const std::lock_guard lock(mutex_);
  for (const auto& [kind, line] : rows) {
    if (stopwatch_.monotonic() > give_up) break;
    if (kind == "cache") {
      (void)worlds_.restore(line, now, wall);
    } else if (kind == "lane") {
      if (auto lane = lane_from_line(line)) lanes.push_back(std::move(*lane));
    } else if (kind == "bank") {
      if (auto bank = bank_from_line(line)) banks.push_back(std::move(*bank));
    } else if (kind == "turns") {
      turns_.restore(numbers_from_line(line));
    } else if (kind == "pauses") {
      const auto tab = line.find('\t');
      const auto sums = numbers_from_line(std::string_view(line).substr(std::min(tab, line.size() - 1) + 1));
      if (tab != std::string::npos && sums.size() == 4) {
        care_.restore_pauses(line.substr(0, tab), {sums[0], sums[1], sums[2], sums[3]});
      }
    }
  }
  lanes_.restore(lanes, now, wall);
  banks_.restore(banks);
}

}  // namespace distiq
