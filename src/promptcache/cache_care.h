// Prompt-cache care of one proxy: markers for clients that set none, a longer life for markers where pauses ask for it,
// and the guardian. Ties marker_plan, ttl_advisor, reuse_stats and cache_guardian to one question before a request
// leaves and one observation after its answer. Optional stage; an answer of "nothing" is always right. Bounded; no
// clock of its own. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "promptcache/cache_forecast.h"
#include "promptcache/cache_guardian.h"
#include "promptcache/lane_memory.h"
#include "promptcache/marker_plan.h"
#include "promptcache/reuse_stats.h"
#include "promptcache/ttl_advisor.h"

namespace distiq {

// Everything is borrowed for the call.
struct CareQuestion {
  std::string_view account;
  std::string_view lane_id;
  std::string_view lane_kind;  // its class: pauses are learned per kind
  const RequestView* view = nullptr;
  const PromptMap* prompt = nullptr;
  const ModelInfo* model = nullptr;   // that will serve it
  CacheForecast forecast{};           // on that model, untouched
  PicoUsd bank{};                     // may be risked
  const RequestHead* head = nullptr;  // may be null: without betas
  MonotonicTime now{};
};

struct CarePlan {
  MarkerPlan markers{};   // empty: none
  bool one_hour = false;  // all the client's markers to one hour

  [[nodiscard]] bool empty() const { return markers.marks.empty() && !one_hour; }
  [[nodiscard]] std::string reason() const;
};

class CacheCare {
 public:
  // Remembers the prompt and the pause before it, whatever comes of the plan: called once per request.
  CarePlan plan(const CareQuestion& question);

  // Requests with one-hour markers are refused by this account's upstream.
  void long_life_refused(std::string_view account, MonotonicTime now);

  // Where this request differs from the one before it in its lane; asked while its body is there.
  [[nodiscard]] std::optional<CacheDifference> difference(std::string_view lane_id, const RequestView& view,
                                                          const PromptMap& prompt) const {
    return guardian_.difference(lane_id, view, prompt);
  }
  // The answer's usage is known. Not for answers without usage.
  std::optional<CacheBreak> answered(const GuardedRequest& request) { return guardian_.observe(request); }

  // For the store.
  [[nodiscard]] const TtlAdvisor& pauses() const { return advisor_; }
  void restore_pauses(const std::string& kind, const TtlAdvisor::Account& account) { advisor_.restore(kind, account); }

 private:
  struct Lane {
    MonotonicTime last{};
    std::uint64_t prompt_tokens = 0;
    CacheTtl ttl = CacheTtl::five_minutes;  // decided when it was cold, and kept
  };

  CacheTtl choose_ttl(const CareQuestion& question, Lane& lane, bool is_new);
  [[nodiscard]] bool may_try_long_life(const CareQuestion& question) const;

  ReuseStats reuse_;
  TtlAdvisor advisor_;
  CacheGuardian guardian_;
  LaneMemory<Lane> lanes_{2'048};
  std::unordered_map<std::string, MonotonicTime> refused_until_;  // by account
};

// The splices of a plan. Fails with ErrorKind::internal, leaving `edits` as it was.
[[nodiscard]] Result<void> plan_care(EditPlan& edits, const RequestView& view, const CarePlan& plan);

// The prompt as it leaves.
[[nodiscard]] PromptMap with_care(PromptMap prompt, const CarePlan& plan);

}  // namespace distiq
