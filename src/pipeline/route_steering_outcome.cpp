// RouteSteering from the moment a request leaves: what it does to lanes, caches and banks, what became of it, and what
// is learned from that.
#include <fmt/format.h>

#include <algorithm>

#include "pipeline/booked_difference.h"
#include "pipeline/route_steering.h"

namespace distiq {
namespace {

constexpr std::size_t max_quotas = 256;
// How many lives of forgotten lanes are counted with one request.
constexpr std::size_t ended_lives_per_request = 4;

constexpr std::chrono::seconds rate_limit_life{60};
constexpr std::chrono::seconds overload_life{120};
constexpr std::chrono::seconds refusal_life{3600};

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

// Requires: mutex_ is held.
void RouteSteering::open_ticket(Request& request) {
  if (request.requested == nullptr || request.served == nullptr) return;
  request.ticket = worlds_.sent({.account = request.account,
                                 .requested = request.requested,
                                 .served = request.served,
                                 .untouched = &*request.prompt,
                                 .sent = request.edited_prompt ? &*request.edited_prompt : nullptr},
                                request.now);
}

// Requires: mutex_ is held.
void RouteSteering::note_lane(Request& request) {
  const RouteDecision& decision = request.decision;
  const DecisionPoint point = decision.point;
  const bool in_life =
      point == DecisionPoint::none || point == DecisionPoint::human_turn_warm || point == DecisionPoint::escalation;
  const LaneBefore before =
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
  if (before.ended) turns_.learn_life(before.ended->request_class, before.ended->requests);
  request.prompt_before = before.prompt_tokens;
  hold(request);
}

// Requires: mutex_ is held.
void RouteSteering::learn_return(const LaneState* lane) {
  const ModelInfo* below = lane == nullptr ? nullptr : prices_.find(lane->serving);
  if (below == nullptr) return;
  if (const auto tier = tier_from(below->tier)) turns_.learn_return(lane->judge_bucket, *tier);
}

void RouteSteering::sending(SteeringPlan& plan) {
  auto& request = static_cast<Request&>(*plan.state);
  const std::lock_guard lock(mutex_);
  if (request.decision.return_upwards) learn_return(lanes_.find(request.lane.lane_id));
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
  request.moved = request.effort_lowered = false;
  request.ticket = {};
  request.edited_prompt.reset();
  request.care = {};
  request.served = request.requested;

  const std::lock_guard lock(mutex_);
  const Blame blame = blame_of(refusal, request.lane.request_class);
  if (was_moved) refusals_.remember(request.account, served, blame.feature, request.now, blame.life);
  if (!was_moved && !was_longer && refusal.status == 400) {
    refusals_.remember(request.account, served, std::string(cache_control_feature), request.now, refusal_life);
  }
  if (was_longer && refusal.status == 400) care_.long_life_refused(request.account, request.now);
  lanes_.returned(request.lane.lane_id);
  banks_.hold(request.account, request.lane.lane_id, {}, request.now);
  open_ticket(request);
}

void RouteSteering::answer_began(SteeringPlan& plan, const ResponseHead& head) {
  auto& request = static_cast<Request&>(*plan.state);
  const QuotaReport quota = read_quota(head.headers);
  const std::lock_guard lock(mutex_);
  if (head.status == 200) worlds_.answer_began(request.ticket);
  if (quota.empty()) return;
  if (const auto known = quotas_.find(request.account); known != quotas_.end()) {
    known->second.learn(quota, clock_.wall());
  } else if (quotas_.size() < max_quotas) {
    quotas_[request.account].learn(quota, clock_.wall());
  }
}

// Requires: mutex_ is held.
void RouteSteering::guard(const Request& request, const UsageReport& report, Settlement& settled) {
  const auto broken = care_.answered({.lane_id = request.lane.lane_id,
                                      .prompt = &request.sent_map(),
                                      .difference = request.difference ? &*request.difference : nullptr,
                                      .served = request.served,
                                      .started = request.now,
                                      .usage = report.total});
  if (!broken) return;
  settled.cache_break = broken->field;
  settled.cache_break_tokens = broken->tokens;
  settled.cache_break_cost = broken->price;
}

Settlement RouteSteering::settle(SteeringPlan& plan, const UsageReport& report, const RequestRecord& record) {
  auto& request = static_cast<Request&>(*plan.state);
  Settlement settled(record);
  const WallTime wall = clock_.wall();
  const std::lock_guard lock(mutex_);
  Counterfactual untouched{.usage = record.usage};
  if (report.seen && request.ticket.is_open()) untouched = worlds_.settle(request.ticket, report.total);
  request.ticket = {};
  if (request.requested == nullptr) return settled;
  if (report.seen) book_difference(prices_, request, report, untouched, record, settled);
  if (report.seen) guard(request, report, settled);
  if (!report.seen && record.route.discarded_cost.value == 0) return settled;

  const WorldMoney money{.actual = record.cost, .untouched = settled.counterfactual - settled.restored};
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
  if (!request.moved) return settled;
  if (const auto tier = tier_from(request.served->tier)) turns_.learn_below(request.decision.judge_bucket, *tier);
  return settled;
}

}  // namespace distiq
