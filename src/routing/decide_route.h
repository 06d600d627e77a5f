// Which model serves a request, and why. Downwards only; a pure function: no I/O, no clock, no memory of its own.
// The rules and their arithmetic are in docs/routing.md. Any thread. Costs a few microseconds.
#pragma once

#include "routing/candidate_models.h"
#include "routing/route.h"

namespace distiq {

// Requires: candidates[0].model == requested unless requested is null. Never fails: where anything is missing the
// decision is to serve what was asked for.
[[nodiscard]] RouteDecision decide_route(const RouteQuestion& question, const RoutingConfig& config);

}  // namespace distiq
