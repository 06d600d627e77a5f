// What decides about requests, as handle_messages sees it: a plan before a request leaves, and what became of it
// afterwards. An optional stage: every call may throw, and the caller then goes on as if there were no plan.
// Any thread; calls for one plan come one after the other.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "message/edit_plan.h"
#include "message/lane.h"
#include "money/usage.h"
#include "promptcache/prompt_parts.h"
#include "stats/request_record.h"

namespace distiq {

// In the head of a translated request. Like every x-distiq-* field it stays here.
inline constexpr std::string_view openai_door_field = "x-distiq-door";

// Borrowed for the call only.
struct SteeringQuestion {
  const ClientFields& client;
  const RequestView& view;
  const LaneIdentity& lane;
  const std::string& account;          // account_key()
  bool may_edit = true;                // false: it has left already, only its effects are to be known
  const PromptParts* parts = nullptr;  // of the view, where they are known already
};

// What a decider keeps with a plan.
class SteeringState {
 public:
  virtual ~SteeringState() = default;
};

struct SteeringPlan {
  explicit SteeringPlan(RouteRecord& of_request) : record(of_request) {}

  EditPlan edits;     // empty: the request leaves as it came
  std::string echo;   // model to name in the answer instead of the one that served; empty: leave it
  std::string serve;  // the model that is asked for now
  std::string reason;
  std::string route;    // "sonnet (from opus)", for the answer's head
  RouteRecord& record;  // in the request's; begins empty
  std::unique_ptr<SteeringState> state;
};

// What steering says of a record that is priced as billed. Begins with what the record says, and is written into it as
// a whole or not at all.
struct Settlement {
  explicit Settlement(const RequestRecord& record);
  void write_to(RequestRecord& record) &&;

  PicoUsd counterfactual, restored;
  bool price_estimated;
  TokenUsage untouched;
  PicoUsd saved_by_routing, saved_by_markers, saved_by_ttl, saved_by_effort;
  std::string cache_break;
  std::uint64_t cache_break_tokens;
  PicoUsd cache_break_cost;
};

// Why the answer to an edited request was thrown away.
struct Refusal {
  int status = 0;                   // 0: cut before any content
  std::string error_type;           // "invalid_request_error", ...; "cut", "empty"
  std::int64_t retry_after_s = -1;  // -1: not said
};

class Steering {
 public:
  virtual ~Steering() = default;
  // False: the request leaves as it is; plan() is called when there is time, without may_edit.
  [[nodiscard]] virtual bool wants(const ClientFields& client) const = 0;
  // `plan`: a new one, which stays where it is: it is a dozen texts. Half done where this throws.
  virtual void plan(const SteeringQuestion& question, SteeringPlan& plan) = 0;
  // The request leaves now, edited or not.
  virtual void sending(SteeringPlan& plan) = 0;
  // The edited request was refused; the original leaves now. `plan` keeps its record.
  virtual void refused(SteeringPlan& plan, const Refusal& refusal) = 0;
  // The answer that the client gets has begun.
  virtual void answer_began(SteeringPlan& plan, const ResponseHead& head) = 0;
  // The exchange is over and priced as billed: says what it would have cost untouched, and learns.
  [[nodiscard]] virtual Settlement settle(SteeringPlan& plan, const UsageReport& report,
                                          const RequestRecord& record) = 0;
};

}  // namespace distiq
