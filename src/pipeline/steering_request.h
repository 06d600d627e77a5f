// One request on its way through steering: what is known of it, what was decided, and what it left with. RouteSteering
// keeps it with the plan from plan() to settle().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/steering.h"
#include "promptcache/cache_care.h"
#include "promptcache/cache_worlds.h"
#include "routing/route.h"

namespace distiq {

// Under this name refusals of cache markers that we set are remembered.
inline constexpr std::string_view cache_control_feature = "cache_control";

struct SteeringRequest final : SteeringState {
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
  // As it came. How it reads to a model is asked under the mutex of RouteSteering.
  std::optional<ModelPrompts> prompt;
  // As it leaves, where an edit changes what the cache depends on.
  std::optional<ModelPrompts> edited_prompt;
  CacheTtl ttl = CacheTtl::five_minutes;
  TurnKind turn = TurnKind::none;
  std::optional<PromptVerdict> verdict;
  Struggle struggle;

  RouteDecision decision;
  PicoUsd counted_on{};                       // what the account's bank could cover when it was decided
  CacheForecast served_forecast;              // on the model that was decided for
  bool moved = false;                         // leaves for another model
  bool effort_lowered = false;                // leaves with less effort
  std::optional<CacheDifference> difference;  // from the lane's request before
  CarePlan care;                              // cache markers that it leaves with, or would
  const ModelInfo* served = nullptr;
  CacheTicket ticket;               // points into the prompts
  std::uint64_t prompt_before = 0;  // of the lane's former request

  [[nodiscard]] const PromptMap& sent_map() const { return (edited_prompt ? edited_prompt : prompt)->map(); }
};

}  // namespace distiq
