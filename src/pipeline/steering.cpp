#include "pipeline/steering.h"

#include <utility>

namespace distiq {

Settlement::Settlement(const RequestRecord& record)
    : counterfactual(record.counterfactual),
      restored(record.restored),
      price_estimated(record.price_estimated),
      untouched(record.route.untouched),
      saved_by_routing(record.route.saved_by_routing),
      saved_by_markers(record.route.saved_by_markers),
      saved_by_ttl(record.route.saved_by_ttl),
      saved_by_effort(record.route.saved_by_effort),
      cache_break(record.route.cache_break),
      cache_break_tokens(record.route.cache_break_tokens),
      cache_break_cost(record.route.cache_break_cost) {}

void Settlement::write_to(RequestRecord& record) && {
  record.counterfactual = counterfactual;
  record.restored = restored;
  record.price_estimated = price_estimated;
  record.route.untouched = untouched;
  record.route.saved_by_routing = saved_by_routing;
  record.route.saved_by_markers = saved_by_markers;
  record.route.saved_by_ttl = saved_by_ttl;
  record.route.saved_by_effort = saved_by_effort;
  record.route.cache_break = std::move(cache_break);
  record.route.cache_break_tokens = cache_break_tokens;
  record.route.cache_break_cost = cache_break_cost;
}

}  // namespace distiq
