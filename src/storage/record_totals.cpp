#include "storage/record_totals.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/record_columns.h"

namespace distiq {
namespace {

bool is_error(const RequestRecord& record) {
  return record.status >= 400 || !record.error_type.empty() || record.outcome == Outcome::upstream_cut ||
         record.outcome == Outcome::upstream_unreachable || record.outcome == Outcome::refused;
}

}  // namespace

std::string session_total_names() {
  std::string names;
  const Totals any;
  visit_session_totals(any, [&](const char* name, std::int64_t) { names.append(", ").append(name); });
  return names;
}

std::string session_shares_taken_away(std::string_view condition) {
  std::string shares;
  const Totals any;
  visit_session_totals(any, [&](std::string_view name, std::int64_t) {
    shares += name == "requests" ? ", -count(*)" : fmt::format(", -sum({})", name);
  });
  return fmt::format(
      "SELECT session_id{} FROM requests WHERE session_id != '' AND duplicate = 0 AND {} GROUP BY session_id", shares,
      condition);
}

std::string_view group_of(const RequestRecord& record) {
  const Counted counted = counted_as(record);
  return counted == Counted::request ? to_string(record.request_class) : to_string(counted);
}

Totals totals_of(const RequestRecord& record, bool duplicate) {
  Totals totals;
  totals.requests = 1;
  totals.errors = is_error(record);
  totals.client_gone = record.outcome == Outcome::client_gone;
  totals.duplicates = duplicate;
  totals.subscription_requests = record.account_kind == AccountKind::subscription;
  totals.duration_us = stored_count(static_cast<std::uint64_t>(std::max<std::int64_t>(record.duration_us, 0)));
  if (duplicate) return totals;
  totals.incomplete = record.usage_seen && !record.usage_complete;
  totals.estimated = record.price_estimated;
  totals.input_tokens = stored_count(record.usage.input);
  totals.cache_read_tokens = stored_count(record.usage.cache_read);
  totals.cache_write_5m_tokens = stored_count(record.usage.cache_write_5m);
  totals.cache_write_1h_tokens = stored_count(record.usage.cache_write_1h);
  totals.output_tokens = stored_count(record.usage.output);
  totals.web_searches = stored_count(record.usage.web_searches);
  totals.cost_usd_micros = stored_micro_usd(record.cost);
  totals.counterfactual_usd_micros = stored_micro_usd(record.counterfactual);
  totals.restored_usd_micros = stored_micro_usd(record.restored);
  totals.moved = record.route.moved;
  totals.healed = !record.route.healed_because.empty();
  totals.saved_by_routing_usd_micros = stored_micro_usd(record.route.saved_by_routing);
  totals.saved_by_markers_usd_micros = stored_micro_usd(record.route.saved_by_markers);
  totals.saved_by_ttl_usd_micros = stored_micro_usd(record.route.saved_by_ttl);
  totals.saved_by_effort_usd_micros = stored_micro_usd(record.route.saved_by_effort);
  totals.discarded_usd_micros = stored_micro_usd(record.route.discarded_cost);
  totals.cache_breaks = !record.route.cache_break.empty();
  totals.cache_break_usd_micros = stored_micro_usd(record.route.cache_break_cost);
  if (totals.subscription_requests != 0) totals.subscription_cost_usd_micros = totals.cost_usd_micros;
  return totals;
}

}  // namespace distiq
