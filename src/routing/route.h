// A question to routing and its answer. Plain data; decide_route.h turns one into the other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/request_class.h"
#include "base/tier.h"
#include "base/units.h"
#include "judge/prompt_judge.h"
#include "message/human_prompt.h"
#include "money/model_info.h"
#include "promptcache/cache_forecast.h"
#include "routing/account_bank.h"
#include "routing/lane_state.h"
#include "routing/quota_pressure.h"
#include "routing/routing_config.h"
#include "routing/struggle.h"
#include "routing/turn_statistics.h"

namespace distiq {

struct CandidateModel {
  const ModelInfo* model = nullptr;
  CacheForecast forecast;  // what this request's usage would be there, from what was really sent before
  bool legal = false;
  std::string illegal_because{};
};

struct RouteQuestion {
  RequestClass request_class = RequestClass::other;
  // Sent to us to be answered, as at the OpenAI endpoint; not by a program that merely has us on its way.
  bool is_ours_to_place = false;
  std::string_view agent_type;                 // x-claude-code-agent-type; empty: unknown
  const LaneState* lane = nullptr;             // null: first request of the lane
  const ModelInfo* requested = nullptr;        // null: not in the table; never moved
  std::string_view requested_effort;           // empty: none sent
  std::string_view untouchable_because;        // why_untouchable(view); not empty: nothing is edited
  std::span<const CandidateModel> candidates;  // requested first, then lower tiers
  // This request on the requested model had nothing ever been moved. Without tokens: candidates[0]'s forecast.
  CacheForecast untouched;
  CacheTtl ttl = CacheTtl::five_minutes;  // the longest that this request's marks ask for
  TurnKind turn = TurnKind::none;
  std::optional<PromptVerdict> verdict;  // of the newest human words, where the turn is a prompt
  Struggle struggle;
  RoutingPolicy policy = RoutingPolicy::balanced;
  std::optional<Tier> pin;
  QuotaPressure pressure;
  AccountBank bank;
  WorldMoney session;                     // all lanes of the client's session so far
  const TurnStatistics* turns = nullptr;  // null: the prior
  MonotonicTime now{};
};

enum class DecisionPoint : std::uint8_t {
  none,        // the lane goes on as it is
  lane_start,  // first request
  after_compaction,
  cold,            // the cache's life has run out
  client_changed,  // another model or effort was asked for
  human_turn_warm,
  escalation,
};
[[nodiscard]] std::string_view to_string(DecisionPoint point);

enum class RouteCause : std::uint8_t {
  none,  // as asked
  policy_off,
  never_moved,      // classifier, safeguards, cch, ...
  class_rule,       // helper, sub-agent, compaction
  restored_helper,  // on Haiku as the client itself would have it when direct: saved 0
  judged,           // the prompt's difficulty
  pinned,
  lane_stays,     // as decided earlier in this lane
  struggle,       // back up: errors, repeats, edits to and fro, refusal
  objection,      // back up: the user's words
  harder_prompt,  // back up
  cap_return,     // back up: going on could break the cap
  illegal,        // back up: this request cannot be served below
};
[[nodiscard]] std::string_view to_string(RouteCause cause);

struct Alternative {
  const ModelInfo* model = nullptr;
  PicoUsd this_request{};        // expected cost
  PicoUsd life{};                // expected cost of the rest of the lane's cache life
  PicoUsd exposure{};            // the most that a return could leave the lane above never moving
  std::uint32_t break_even = 0;  // N*: requests until it is cheaper than staying; 0: never within the horizon
  std::string why_not{};         // empty for the chosen one
};

struct RouteDecision {
  const ModelInfo* serve = nullptr;  // null only if the requested model is unknown: relay as asked
  std::string effort{};              // empty: as asked
  DecisionPoint point = DecisionPoint::none;
  RouteCause cause = RouteCause::none;
  std::string reason{};            // one line, for people
  PicoUsd expected_saving{};       // of this request against relaying it untouched
  PicoUsd expected_life_saving{};  // with the forecast rest of the lane
  std::vector<Alternative> alternatives{};
  bool return_upwards = false;  // for quality: always happens, booked as the loss it is
  bool escalates = false;       // the lane stays up from now on
  PicoUsd return_penalty{};     // for LaneState, where the lane is served below
  std::uint32_t judge_bucket = TurnStatistics::kUnjudged;
};

}  // namespace distiq
