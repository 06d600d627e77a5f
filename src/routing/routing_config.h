// What routing may do and how bold it is. Plain data; every number carries its reason in docs/routing.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace distiq {

enum class RoutingPolicy : std::uint8_t {
  off,       // no decision is made
  observe,   // decided as under balanced and recorded, nothing changed
  balanced,  // worst-case cap: a return at any later request costs at most 1 %, or the bank pays
  saver,     // expected cost; the bank may go a little below zero
};
[[nodiscard]] std::string_view to_string(RoutingPolicy policy);
[[nodiscard]] std::optional<RoutingPolicy> routing_policy_from(std::string_view name);

// How difficult a prompt may be, 0 to 1, and still go down.
struct DifficultyBar {
  double haiku_below = 0;
  double sonnet_below = 0;
  double haiku_confidence = 0;  // the judge must be at least so sure, on a main lane
  double sonnet_confidence = 0;
};

struct RoutingConfig {
  // Set on the judge's own tuning prompts; what they let through on its test prompts is in docs/routing.md.
  DifficultyBar balanced{.haiku_below = 0.20, .sonnet_below = 0.50, .haiku_confidence = 0.7, .sonnet_confidence = 0.5};
  DifficultyBar saver{.haiku_below = 0.30, .sonnet_below = 0.60, .haiku_confidence = 0.6, .sonnet_confidence = 0.3};
  double raise_margin = 0.05;  // a lane placed low goes up only where the prompt is so far above its bar

  // The cap of `balanced`, in thousandths of what never moving would have cost the session.
  std::int64_t cap_permille = 10;
  // How far below zero `saver` may take the account's bank, in thousandths of the day's bill.
  std::int64_t saver_debt_permille = 50;
  // New tokens of one request that the reserve of a placement must survive, again and again.
  std::uint64_t growth_bound_tokens = 8'000;

  double extra_turns = 1.5;          // kappa: requests that a smaller model may need for one of the larger
  double warm_margin = 1.5;          // expected remaining requests over those to break even
  double step_margin = 0.9;          // the forecast prompt stays below this share of the target's price step
  std::uint32_t max_warm_moves = 2;  // downward moves in one life of a lane's cache

  std::uint32_t errors_to_escalate = 3;   // tool errors in a row
  std::uint32_t repeats_to_escalate = 3;  // the same call
  std::uint32_t flips_to_escalate = 1;    // an edit taken back and made again

  bool effort_lever = false;  // under saver only; off: what it saves cannot be shown (docs/routing.md)
  double effort_below = 0.2;
  double effort_confidence = 0.6;
};

}  // namespace distiq
