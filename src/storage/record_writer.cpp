#include "storage/record_writer.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "stats/summary.h"
#include "stats/summary_calendar.h"
#include "storage/record_columns.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

constexpr std::size_t max_limit_headers = 64;  // today's answers carry about 15
constexpr std::int64_t ms_per_minute = 60'000;

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

// What one record adds to its day.
Totals totals_of(const RequestRecord& record, bool duplicate) {
  Totals totals;
  totals.requests = 1;
  totals.errors = is_error(record);
  totals.client_gone = record.outcome == Outcome::client_gone;
  totals.duplicates = duplicate;
  totals.subscription_requests = record.account_kind == AccountKind::subscription;
  totals.duration_us = record.duration_us;
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
  if (totals.subscription_requests != 0) totals.subscription_cost_usd_micros = totals.cost_usd_micros;
  return totals;
}

bool is_limit_header(std::string_view name) {
  return name.starts_with("anthropic-ratelimit-") || name.starts_with("anthropic-priority-") ||
         name.starts_with("anthropic-fast-") || name == "retry-after";
}

// What a forecast needs: how much is used or left, and the verdict. Limits and reset times stay in rate_limit_latest.
bool belongs_in_series(std::string_view name) {
  return name.ends_with("-utilization") || name.ends_with("-remaining") || name.ends_with("-status");
}

}  // namespace

DbResult<RecordWriter> RecordWriter::prepare(Database& db) {
  RecordWriter writer;
  writer.db_ = &db;
  const std::string insert_request = fmt::format(
      "INSERT INTO requests (id, local_day, duplicate, {}) VALUES (?, ?, ?, {}) ON CONFLICT (id) DO NOTHING",
      request_column_names(), request_column_marks());
  const std::string add_to_day = add_to_day_sql();
  const std::array<std::pair<Statement*, std::string_view>, 6> statements = {{
      {&writer.insert_request_, insert_request},
      {&writer.find_message_,
       "SELECT 1 FROM requests WHERE message_id = ? AND message_id != '' AND duplicate = 0 AND upstream_request_id = ? "
       "AND id IS NOT ?"},
      {&writer.add_to_day_, add_to_day},
      {&writer.latest_limit_, "SELECT value FROM rate_limit_latest WHERE account_hash = ? AND name = ?"},
      {&writer.set_limit_,
       "INSERT INTO rate_limit_latest (account_hash, name, observed_at_ms, value) VALUES (?, ?, ?, ?) "
       "ON CONFLICT DO UPDATE SET observed_at_ms = excluded.observed_at_ms, value = excluded.value "
       "WHERE excluded.observed_at_ms >= observed_at_ms"},
      {&writer.add_to_series_,
       "INSERT INTO rate_limit_series (observed_minute, account_hash, name, value) VALUES (?, ?, ?, ?) "
       "ON CONFLICT DO UPDATE SET value = excluded.value"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = db.prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  return writer;
}

DbResult<bool> RecordWriter::is_duplicate(const RequestRecord& record) {
  if (record.message_id.empty() || record.upstream_request_id.empty()) return false;
  find_message_.bind(1, StoredText::identifier(record.message_id).view());
  find_message_.bind(2, StoredText::identifier(record.upstream_request_id).view());
  find_message_.bind(3, StoredText::identifier(record.id).view());
  auto found = find_message_.step();
  find_message_.reset();
  return found;
}

DbResult<void> RecordWriter::write(const RequestRecord& record) {
  const auto duplicate = is_duplicate(record);
  if (!duplicate) return std::unexpected(duplicate.error());
  const std::int64_t day = local_day(record.started_at_ms);
  if (record.id.empty()) {
    insert_request_.bind_null(1);
  } else {
    insert_request_.bind(1, StoredText::identifier(record.id).view());
  }
  insert_request_.bind(2, day).bind(3, std::int64_t{*duplicate});
  bind_request(insert_request_, 4, record);
  if (auto inserted = insert_request_.run(); !inserted) return inserted;
  if (db_->changed_rows() == 0) return {};
  return add_to_day(record, day, *duplicate);
}

DbResult<void> RecordWriter::add_to_day(const RequestRecord& record, std::int64_t day, bool duplicate) {
  const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
  add_to_day_.bind(1, day).bind(2, StoredText::identifier(model).view()).bind(3, to_string(record.request_class));
  int index = 4;
  const Totals share = totals_of(record, duplicate);
  visit_totals(share, [&](const char*, std::int64_t value) { add_to_day_.bind(index++, value); });
  return add_to_day_.run();
}

DbResult<void> RecordWriter::write(const RateLimitRecord& record) {
  std::size_t kept = 0;
  for (const auto& [name, value] : record.headers) {
    if (!is_limit_header(name) || kept == max_limit_headers) continue;
    ++kept;
    const StoredText stored_name = StoredText::identifier(name, 64);
    const StoredText stored_value = StoredText::identifier(value, 64);
    if (auto done = write_header(record, stored_name.view(), stored_value.view()); !done) return done;
  }
  return {};
}

DbResult<void> RecordWriter::write_header(const RateLimitRecord& record, std::string_view name,
                                          std::string_view value) {
  const StoredText account = StoredText::identifier(record.account_hash, 64);
  const auto known = latest_limit_.bind(1, account.view()).bind(2, name).step();
  const bool unchanged = known && *known && latest_limit_.text(0) == value;
  latest_limit_.reset();
  if (!known) return std::unexpected(known.error());
  set_limit_.bind(1, account.view()).bind(2, name).bind(3, record.observed_at_ms).bind(4, value);
  if (auto set = set_limit_.run(); !set || unchanged || !belongs_in_series(name)) return set;
  add_to_series_.bind(1, record.observed_at_ms / ms_per_minute).bind(2, account.view()).bind(3, name).bind(4, value);
  return add_to_series_.run();
}

}  // namespace distiq
