// What one record adds to the totals of its day and of its session. Pure.
#pragma once

#include <string>
#include <string_view>

#include "stats/request_record.h"
#include "stats/summary.h"

namespace distiq {

// Calls visit("name", totals.field) for every field that is also summed per session: the columns of `session_totals`
// behind its key. Each is a column of `requests` too, but for the number of requests.
template <class AnyTotals, class Visitor>
void visit_session_totals(AnyTotals& totals, Visitor&& visit) {
  visit("requests", totals.requests);
  visit("input_tokens", totals.input_tokens);
  visit("cache_read_tokens", totals.cache_read_tokens);
  visit("cache_write_5m_tokens", totals.cache_write_5m_tokens);
  visit("cache_write_1h_tokens", totals.cache_write_1h_tokens);
  visit("output_tokens", totals.output_tokens);
  visit("cost_usd_micros", totals.cost_usd_micros);
  visit("counterfactual_usd_micros", totals.counterfactual_usd_micros);
  visit("restored_usd_micros", totals.restored_usd_micros);
}

// SQL: the names of visit_session_totals, each with ", " before it.
[[nodiscard]] std::string session_total_names();
// SQL: "SELECT session_id, ..." of what the rows that meet `condition` add to their sessions, with the opposite sign.
[[nodiscard]] std::string session_shares_taken_away(std::string_view condition);

// A duplicate counts as a request, not in tokens and money.
[[nodiscard]] Totals totals_of(const RequestRecord& record, bool duplicate);
// The class under which it is summed: of the request, or what it is counted as beside requests.
[[nodiscard]] std::string_view group_of(const RequestRecord& record);

}  // namespace distiq
