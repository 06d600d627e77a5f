#include "pipeline/booked_difference.h"

#include "money/cost.h"

namespace distiq {
namespace {

// The answer as it would have been billed untouched.
UsageReport untouched_report(const SteeringRequest& request, const UsageReport& report,
                             const Counterfactual& untouched) {
  UsageReport same = report;
  same.model = request.requested->id;
  same.total = untouched.usage;
  same.iterations.clear();
  return same;
}

PicoUsd charge_on(const PriceTable& prices, const SteeringRequest& request, const UsageReport& report) {
  UsageReport same = report;
  same.model = request.requested->id;
  same.iterations.clear();
  return charge(prices, same, request.requested->id).cost;
}

// The part of another model is what the same split of tokens would have cost on the one that was asked; the rest is
// what markers and lives did to the split, now or in the requests before.
void book_causes(const PriceTable& prices, const SteeringRequest& request, const UsageReport& report, PicoUsd saved,
                 PicoUsd answer_cost, Settlement& settled) {
  PicoUsd by_model;
  const bool came_unmarked = request.prompt->map().breakpoints.empty();
  if (request.moved) {
    const bool split_differs = !request.care.empty() || came_unmarked;
    by_model = split_differs ? charge_on(prices, request, report) - answer_cost : saved;
    if (settled.restored.value > 0) by_model = {};
  }
  const PicoUsd rest = saved - by_model;
  settled.saved_by_routing += by_model;
  if (request.care.one_hour) {
    settled.saved_by_ttl += rest;
  } else if (came_unmarked || (!request.care.markers.marks.empty() && rest.value > 0)) {
    settled.saved_by_markers += rest;
  } else if (request.effort_lowered && !request.moved) {
    settled.saved_by_effort += rest;
  } else {
    // Another model's cache is to be filled: after a return upwards, or where an earlier request was moved that would
    // have filled it. A marker of ours beside the client's own writes nothing that theirs would not: it cannot lose.
    settled.saved_by_routing += rest;
  }
}

}  // namespace

void book_difference(const PriceTable& prices, const SteeringRequest& request, const UsageReport& report,
                     const Counterfactual& untouched, const RequestRecord& record, Settlement& settled) {
  const PicoUsd answer_cost = record.cost - record.route.discarded_cost;
  // Nothing of it was ever touched: what it cost is what it would have cost, to the last pico-dollar.
  const bool is_untouched =
      untouched.worlds_agreed && !request.moved && !request.effort_lowered && request.care.empty();
  if (is_untouched || (!report.iterations.empty() && !request.moved)) {
    settled.counterfactual = answer_cost;
    return;
  }
  const Charge price = charge(prices, untouched_report(request, report, untouched), request.requested->id);
  settled.counterfactual = price.cost;
  settled.untouched = price.billed;
  settled.price_estimated = record.price_estimated || price.estimated;
  PicoUsd saved = price.cost - answer_cost;
  if (request.decision.cause == RouteCause::restored_helper && saved.value > 0) {
    settled.restored = saved;
    saved = {};
  }
  book_causes(prices, request, report, saved, answer_cost, settled);
}

}  // namespace distiq
