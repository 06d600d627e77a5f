// Which model serves a request, and why. Downwards only; a pure function: no I/O, no clock, no memory of its own.
// The rules and their arithmetic are in docs/routing.md. Any thread. Costs a few microseconds.
#pragma once

#include "money/price_table.h"
#include "routing/route.h"

namespace distiq {

// Requires: candidates[0].model == requested unless requested is null. Never fails: where anything is missing the
// decision is to serve what was asked for.
[[nodiscard]] RouteDecision decide_route(const RouteQuestion& question, const RoutingConfig& config);

// The requested model first, then today's model of each lower tier, dearest tier first. Fable is never a target.
[[nodiscard]] std::vector<const ModelInfo*> candidate_models(const PriceTable& table, const ModelInfo& requested);

}  // namespace distiq
