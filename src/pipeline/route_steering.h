// The saving core in the running proxy: prompt maps, the two cache worlds, lanes, judge, quota and bank come together
// to one decision per request, and to what it would have cost without us. docs/life_of_a_request.md says when what is
// called. Decides by policy_clock only. Any thread; one mutex, held for microseconds.
#pragma once

#include <map>
#include <mutex>

#include "base/brief_mutex.h"
#include "base/clock.h"
#include "judge/prompt_judge.h"
#include "money/price_table.h"
#include "pipeline/account_links.h"
#include "pipeline/live_policy.h"
#include "pipeline/steering_request.h"
#include "pipeline/steering_rows.h"
#include "promptcache/cache_care.h"
#include "promptcache/cache_worlds.h"
#include "promptcache/prompt_context.h"
#include "routing/account_bank.h"
#include "routing/incompatibility_memory.h"
#include "routing/lane_table.h"
#include "routing/quota_pressure.h"
#include "routing/route.h"

namespace distiq {

struct RouteSteeringConfig {
  RoutingConfig routing{};
  // The answer to a moved request names the model that was asked for: the client drops thinking on resume otherwise.
  bool echo_requested_model = true;
  // Cache markers for clients that set none, longer lives for those that do.
  bool prompt_caching = true;
  // Share of sessions that are left alone for comparison, 0 to 100.
  unsigned holdout_percent = 0;
  // A plan that took longer is not carried out: no request waits for a stage.
  std::chrono::milliseconds budget{50};
};

class RouteSteering final : public Steering {
 public:
  // Everything referenced outlives the object. `stopwatch`: real time, for the budget. `judge` may be null.
  RouteSteering(const PriceTable& prices, const Clock& policy_clock, const Clock& stopwatch, const LivePolicy& live,
                const PromptJudge* judge, RouteSteeringConfig config = {});
  ~RouteSteering() override;

  bool wants(const ClientFields& client) const override;
  void plan(const SteeringQuestion& question, SteeringPlan& plan) override;
  void sending(SteeringPlan& plan) override;
  void refused(SteeringPlan& plan, const Refusal& refusal) override;
  void answer_began(SteeringPlan& plan, const ResponseHead& head) override;
  Settlement settle(SteeringPlan& plan, const UsageReport& report, const RequestRecord& record) override;

  // What a restart needs, newest first within a kind; a few milliseconds where much is known.
  [[nodiscard]] SteeringRows rows();
  // Lines that are not understood are passed over; stops when `limit` of the stopwatch has passed. Before the first
  // request.
  void restore(const SteeringRows& rows, std::chrono::milliseconds limit);

  // "control" or "treated"; empty where no session is held out.
  [[nodiscard]] std::string_view arm_of(std::string_view session_id) const;

 private:
  using Request = SteeringRequest;
  struct Known;

  [[nodiscard]] RoutingPolicy policy_for(const SteeringQuestion& question) const;
  void recognize(const SteeringQuestion& question, Request& request);
  bool decide(const SteeringQuestion& question, MonotonicTime began, Request& request);
  bool decide_at_once(CandidateModel& asked, RouteQuestion& route, Request& request);
  [[nodiscard]] bool carries_out(Request& request, MonotonicTime began) const;
  [[nodiscard]] Known look_up(Request& request, const std::vector<const ModelInfo*>& models);
  void judge(const SteeringQuestion& question, Request& request) const;
  void weigh(const SteeringQuestion& question, Request& request, RouteQuestion route);
  bool set_aside(const Request& request);
  void hold(const Request& request);
  void care(const SteeringQuestion& question, Request& request);
  void edit(const SteeringQuestion& question, Request& request, SteeringPlan& plan) const;
  void describe(Request& request, SteeringPlan& plan) const;
  void open_ticket(Request& request);
  void note_lane(Request& request);
  void learn_return(const LaneState* lane);
  void guard(const Request& request, const UsageReport& report, Settlement& settled);

  const PriceTable& prices_;
  const Clock& clock_;
  const Clock& stopwatch_;
  const LivePolicy& live_;
  const PromptJudge* const judge_;
  const RouteSteeringConfig config_;

  // Who waits for the mutex takes its cache line from whoever holds it: nothing else lies there.
  alignas(64) BriefMutex mutex_;
  // Protected by mutex_.
  alignas(64) CacheWorlds worlds_;
  CacheCare care_;
  LaneTable lanes_;
  AccountBanks banks_;
  AccountLinks links_;
  BetaHashes betas_;
  IncompatibilityMemory refusals_;
  TurnStatistics turns_;
  std::map<std::string, QuotaPace, std::less<>> quotas_;  // bounded; by account
};

}  // namespace distiq
