#include "storage/totals_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/record_columns.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

std::string add_to_day_sql() {
  std::string names;
  std::string marks;
  std::string sums;
  const Totals any;
  visit_totals(any, [&](const char* name, std::int64_t) {
    fmt::format_to(std::back_inserter(names), ", {}", name);
    marks += ", ?";
    fmt::format_to(std::back_inserter(sums), "{0}{1} = {1} + excluded.{1}", sums.empty() ? "" : ", ", name);
  });
  return fmt::format(
      "INSERT INTO daily_totals (local_day, model, request_class{}) VALUES (?, ?, ?{}) ON CONFLICT DO UPDATE SET {}",
      names, marks, sums);
}

bool is_error(const RequestRecord& record) {
  return record.status >= 400 || !record.error_type.empty() || record.outcome == Outcome::upstream_cut ||
         record.outcome == Outcome::upstream_unreachable || record.outcome == Outcome::refused;
}

std::string_view group_of(const RequestRecord& record) {
  const Counted counted = counted_as(record);
  return counted == Counted::request ? to_string(record.request_class) : to_string(counted);
}

// What one record adds to its day.
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

}  // namespace

DbResult<TotalsWriter> TotalsWriter::prepare(Database& db) {
  TotalsWriter writer;
  auto prepared = db.prepare(add_to_day_sql());
  if (!prepared) return std::unexpected(std::move(prepared.error()));
  writer.add_to_day_ = std::move(*prepared);
  return writer;
}

void TotalsWriter::add(const RequestRecord& record, std::int64_t day, bool duplicate) {
  const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
  const StoredText stored = StoredText::identifier(model);
  const KeyView key{day, group_of(record), stored.view()};
  auto found = sums_.find(key);
  if (found == sums_.end()) found = sums_.try_emplace(Key{day, key.group, std::string(key.model)}).first;
  found->second += totals_of(record, duplicate);
}

DbResult<void> TotalsWriter::write_gathered() {
  for (const auto& [key, totals] : sums_) {
    add_to_day_.bind(1, key.day).bind(2, key.model).bind(3, key.group);
    int index = 4;
    visit_totals(totals, [&](const char*, std::int64_t value) { add_to_day_.bind(index++, value); });
    if (auto added = add_to_day_.run(); !added) return added;
  }
  sums_.clear();
  return {};
}

}  // namespace distiq
