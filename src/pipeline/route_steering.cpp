// RouteSteering until a request leaves: looks up, judges, decides, edits.
#include "pipeline/route_steering.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "message/human_prompt.h"
#include "pipeline/alternatives.h"
#include "routing/decide_route.h"
#include "routing/effort.h"
#include "routing/legality.h"
#include "stats/account_kind.h"

namespace distiq {
namespace {

constexpr std::size_t longest_effort = 32;  // no level has so long a name

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

}  // namespace

// What is remembered that bears on a request which is not decided at once, copied out of the lock.
struct RouteSteering::Known {
  struct Lower {
    CacheForecast forecast;
    bool refused = false;  // a short while ago
  };
  std::vector<Lower> lower;  // of candidate_models() behind the first
  CacheForecast untouched;
  AccountBank bank;
  WorldMoney session;
  TurnStatistics turns;
};

RouteSteering::RouteSteering(const PriceTable& prices, const Clock& policy_clock, const Clock& stopwatch,
                             const LivePolicy& live, const PromptJudge* judge, RouteSteeringConfig config)
    : prices_(prices), clock_(policy_clock), stopwatch_(stopwatch), live_(live), judge_(judge), config_(config) {
  worlds_.watch_from(clock_.monotonic());
}

RouteSteering::~RouteSteering() = default;

namespace {

std::optional<RoutingPolicy> asked_policy(const ClientFields& client) {
  return client.policy ? routing_policy_from(*client.policy) : std::nullopt;
}

}  // namespace

bool RouteSteering::wants(const ClientFields& client) const {
  if (client.head.path() != "/v1/messages") return false;
  return asked_policy(client).value_or(live_.policy()) != RoutingPolicy::off;
}

std::string_view RouteSteering::arm_of(std::string_view session_id) const {
  if (config_.holdout_percent == 0 || session_id.empty()) return {};
  return is_control(session_id, config_.holdout_percent) ? "control" : "treated";
}

RoutingPolicy RouteSteering::policy_for(const SteeringQuestion& question) const {
  if (!question.may_edit) return RoutingPolicy::off;
  if (const auto asked = asked_policy(question.client)) return *asked;
  const RoutingPolicy live = live_.policy();
  const bool held_out = live != RoutingPolicy::off && arm_of(question.lane.session_id) == "control";
  return held_out ? RoutingPolicy::observe : live;
}

void RouteSteering::plan(const SteeringQuestion& question, SteeringPlan& plan) {
  const MonotonicTime began = stopwatch_.monotonic();
  auto state = std::make_unique_for_overwrite<Request>();  // its constructor sets all that is read: no zeros first
  Request& request = *state;
  request.agent_type = question.client.agent_type.value_or("").substr(0, 64);
  if (request.agent_type.empty() && only_looks(question)) request.agent_type = "Explore";
  request.policy = policy_for(question);
  request.arm = arm_of(question.lane.session_id);
  request.lane = question.lane;
  request.now = clock_.monotonic();
  request.requested_id = question.view.text(question.view.model);
  request.requested = prices_.find(request.requested_id);
  request.served = request.requested;
  request.requested_effort = effort_of(question.view).substr(0, longest_effort);
  request.turn = find_turn_kind(question.view);
  request.decision.serve = request.requested;
  if (question.parts != nullptr) {
    request.prompt.emplace(question.view, *question.parts);
  } else {
    request.prompt.emplace(question.view, hash_parts(question.view));
  }
  request.ttl = longest_ttl(request.prompt->map());
  plan.serve = request.requested_id;
  if (request.policy == RoutingPolicy::off) {
    const std::lock_guard lock(mutex_);
    recognize(question, request);
  } else if (decide(question, began, request)) {
    edit(question, request, plan);
  }
  if (request.effort_lowered || !request.care.empty()) {
    PromptMap leaves = with_care(request.prompt->map(), request.care);
    if (request.effort_lowered) leaves.context.effort = request.decision.effort;
    request.edited_prompt.emplace(std::move(leaves));
  }
  describe(request, plan);
  plan.state = std::move(state);
}

// Whose it is and how it differs from the lane's request before. Requires: mutex_ is held.
void RouteSteering::recognize(const SteeringQuestion& question, Request& request) {
  const bool refreshes =
      question.view.account_uuid.empty() &&
      account_kind_of_credentials(question.client.authorization.value_or(""), "") == AccountKind::subscription;
  if (refreshes) {
    request.account = links_.resolve(request.lane.session_id, question.account);
  } else {
    request.account = question.account;
  }
  request.prompt->set_betas(betas_.of(question.client));
  request.difference = care_.difference(request.lane.lane_id, question.view, request.prompt->map());
}

void RouteSteering::judge(const SteeringQuestion& question, Request& request) const {
  request.struggle = find_struggle(question.view);
  if (request.turn != TurnKind::prompt || judge_ == nullptr) return;
  const HumanPrompt prompt = find_human_prompt(question.view);
  const std::string text = prompt_text(question.view, prompt);
  const std::size_t pictures = pictures_beside(question.view, prompt);
  if (!text.empty() || pictures > 0) request.verdict = judge_->judge({text, pictures});
}

// Whether what was decided is carried out. All that most requests need of what is remembered is looked up under one
// lock.
bool RouteSteering::decide(const SteeringQuestion& question, MonotonicTime began, Request& request) {
  request.untouchable = why_untouchable(question.view);
  CandidateModel asked{.model = request.requested, .forecast = {}, .legal = true};
  RouteQuestion route{.request_class = request.lane.request_class,
                      .is_ours_to_place = question.client.door.has_value(),
                      .agent_type = request.agent_type,
                      .lane = nullptr,
                      .requested = request.requested,
                      .requested_effort = request.requested_effort,
                      .untouchable_because = request.untouchable,
                      .candidates = std::span(&asked, 1),
                      .untouched = {},
                      .ttl = request.ttl,
                      .turn = request.turn,
                      .verdict = {},
                      .struggle = {},
                      .policy = request.policy,
                      .pin = live_.pin(),
                      .pressure = {},
                      .bank = {},
                      .session = {},
                      .turns = nullptr,
                      .now = request.now};
  std::optional<LaneState> lane;
  {
    const std::lock_guard lock(mutex_);
    recognize(question, request);
    if (decide_at_once(asked, route, request)) {
      const bool goes_on = carries_out(request, began);
      if (goes_on) care(question, request);
      return goes_on;
    }
    if (route.lane != nullptr) lane = *route.lane;
  }
  route.lane = lane ? &*lane : nullptr;
  while (true) {
    weigh(question, request, route);
    if (!carries_out(request, began)) return false;
    const std::lock_guard lock(mutex_);
    if (!set_aside(request)) continue;
    care(question, request);
    return true;
  }
}

// What a move may lose is no other lane's any more, from the decision on. False: by now others have set aside what it
// counted on. Requires: mutex_ is held.
bool RouteSteering::set_aside(const Request& request) {
  if (!request.moved || request.decision.return_penalty <= PicoUsd{}) return true;
  if (banks_.available(request.account, request.lane.lane_id, request.now) < request.counted_on) return false;
  hold(request);
  return true;
}

// Until the lane's cache would be cold untouched as well. Requires: mutex_ is held.
void RouteSteering::hold(const Request& request) {
  const auto life = std::chrono::minutes(request.ttl == CacheTtl::one_hour ? 60 : 5);
  banks_.hold(request.account, request.lane.lane_id, request.moved ? request.decision.return_penalty : PicoUsd{},
              request.now + life);
}

// False: more has to be known; `asked` and `route` then hold what was looked up. Requires: mutex_ is held.
bool RouteSteering::decide_at_once(CandidateModel& asked, RouteQuestion& route, Request& request) {
  if (request.requested == nullptr) {
    request.decision.reason = "as asked: this model is not in the price table";
    return true;
  }
  route.lane = lanes_.find(request.lane.lane_id);
  asked.forecast = worlds_.forecast({request.account, request.requested}, *request.prompt, request.now);
  request.served_forecast = asked.forecast;
  if (const auto quota = quotas_.find(request.account); quota != quotas_.end()) {
    route.pressure = quota->second.pressure(clock_.wall());
  }
  auto at_once = distiq::decide_at_once(route, config_.routing);
  if (!at_once) return false;
  request.decision = *std::move(at_once);
  return true;
}

bool RouteSteering::carries_out(Request& request, MonotonicTime began) const {
  if (stopwatch_.monotonic() - began > config_.budget) {
    request.decision.reason = "not changed: deciding took too long";
    return false;
  }
  if (request.policy == RoutingPolicy::observe) return false;
  const RouteDecision& decision = request.decision;
  request.moved = decision.serve != nullptr && decision.serve != request.requested;
  request.effort_lowered = !decision.effort.empty() && decision.effort != request.requested_effort;
  if (request.moved) request.served = decision.serve;
  return true;
}

RouteSteering::Known RouteSteering::look_up(Request& request, const std::vector<const ModelInfo*>& models) {
  const WallTime wall = clock_.wall();
  const std::array<std::string_view, 1> features = {to_string(request.lane.request_class)};
  const std::string& session = request.lane.session_id.empty() ? request.lane.lane_id : request.lane.session_id;
  const std::lock_guard lock(mutex_);
  Known known{
      .lower = {},
      .untouched = worlds_.forecast_untouched({request.account, request.requested}, *request.prompt, request.now),
      .bank = banks_.view(request.account, request.lane.lane_id, request.now, wall),
      .session = lanes_.session_money(session),
      .turns = turns_};
  for (const ModelInfo* model : std::span(models).subspan(1)) {
    known.lower.push_back({.forecast = worlds_.forecast({request.account, model}, *request.prompt, request.now),
                           .refused = refusals_.find(request.account, model->id, features, request.now) != nullptr});
  }
  return known;
}

// Where it takes the other models too.
void RouteSteering::weigh(const SteeringQuestion& question, Request& request, RouteQuestion route) {
  const auto models = candidate_models(prices_, *request.requested);
  const Known known = look_up(request, models);
  std::vector<CandidateModel> candidates(route.candidates.begin(), route.candidates.end());
  for (std::size_t i = 1; i < models.size(); ++i) {
    const auto& [forecast, refused] = known.lower[i - 1];
    Legality legality =
        check_target(question.view, question.client.head, *request.requested, *models[i], forecast.prompt_tokens);
    if (legality.legal && refused) legality = {false, "refused a short while ago"};
    candidates.push_back({.model = models[i],
                          .forecast = forecast,
                          .legal = legality.legal,
                          .illegal_because = std::move(legality.because)});
  }
  judge(question, request);
  request.struggle.refused = route.lane != nullptr && route.lane->refused_below;
  route.candidates = candidates;
  route.untouched = known.untouched;
  route.verdict = request.verdict;
  route.struggle = request.struggle;
  route.bank = known.bank;
  request.counted_on = known.bank.available();
  route.session = known.session;
  route.turns = &known.turns;
  request.decision = decide_route(route, config_.routing);
  const auto serves = std::ranges::find(candidates, request.decision.serve, &CandidateModel::model);
  request.served_forecast = serves == candidates.end() ? CacheForecast{} : serves->forecast;
}

// After the route is known: markers and lives are chosen for the model that serves. Requires: mutex_ is held.
void RouteSteering::care(const SteeringQuestion& question, Request& request) {
  if (!config_.prompt_caching || request.served == nullptr || !request.untouchable.empty()) return;
  constexpr std::array<std::string_view, 1> feature = {cache_control_feature};
  if (refusals_.find(request.account, request.served->id, feature, request.now) != nullptr) return;
  const PicoUsd bank = banks_.available(request.account, request.lane.lane_id, request.now);
  request.care = care_.plan({
      .account = request.account,
      .lane_id = request.lane.lane_id,
      .lane_kind = to_string(request.lane.request_class),
      .view = &question.view,
      .prompt = &request.prompt->map(),
      .model = request.served,
      .forecast = request.served_forecast,
      .bank = std::max(bank, PicoUsd{}),
      .head = &question.client.head,
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

namespace {

// What is rarely said of a request is said out of line.
[[gnu::cold]] void say_edited(const SteeringRequest& request, std::string_view serve, SteeringPlan& plan) {
  if (request.moved) plan.route = fmt::format("{} (from {})", serve, plan.route);
  if (request.care.empty()) return;
  const std::string care = request.care.reason();
  plan.reason = request.moved ? fmt::format("{}; {}", plan.reason, care) : care;
}

[[gnu::cold]] void say_observed(const SteeringRequest& request, std::string_view would_serve, SteeringPlan& plan) {
  // Most reasons name the way themselves: "opus -> haiku: ...".
  const bool names_it = plan.reason.starts_with(request.requested->tier + " -> ");
  plan.reason = names_it ? "would move " + plan.reason : fmt::format("would go to {}: {}", would_serve, plan.reason);
}

}  // namespace

void RouteSteering::describe(Request& request, SteeringPlan& plan) const {
  RouteDecision& decision = request.decision;
  plan.record.human_turn = request.turn == TurnKind::prompt;
  if (request.policy == RoutingPolicy::off) return;
  plan.route = request.requested == nullptr ? request.requested_id : PriceTable::short_name(*request.requested);
  plan.reason = std::move(decision.reason);
  if (request.moved || !request.care.empty()) say_edited(request, prices_.short_name(plan.serve), plan);
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
  if (would_move) say_observed(request, prices_.short_name(decision.serve->id), plan);
}

}  // namespace distiq
