// Which model serves a request, and why. Downwards only; a pure function: no I/O, no clock, no memory of its own.
// The rules and their arithmetic are in docs/routing.md. Any thread. Costs a few microseconds.
#pragma once

#include <optional>

#include "routing/candidate_models.h"
#include "routing/route.h"

namespace distiq {

// The decision where it needs no more than candidates[0], the requested model: requests that are never moved, and lanes
// that go on as they are, which most requests do. nullopt: ask decide_route with everything.
[[nodiscard]] std::optional<RouteDecision> decide_at_once(const RouteQuestion& question, const RoutingConfig& config);

// Requires: candidates[0].model == requested unless requested is null. Never fails: where anything is missing the
// decision is to serve what was asked for.
[[nodiscard]] RouteDecision decide_route(const RouteQuestion& question, const RoutingConfig& config);

}  // namespace distiq
