#include "storage/record_writer.h"

#include <fmt/format.h>

#include <array>

#include "storage/local_day.h"
#include "storage/record_columns.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

constexpr std::size_t max_limit_headers = 64;  // today's answers carry about 15
constexpr std::int64_t ms_per_minute = 60'000;

constexpr std::string_view add_to_day_sql = R"sql(
INSERT INTO daily_totals (local_day, model, request_class, requests, cache_hits, errors, client_gone, incomplete, estimated,
  duplicates, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, web_searches,
  cost_usd_micros, counterfactual_usd_micros, restored_usd_micros, duration_us)
VALUES (?1, ?2, ?3, 1, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
ON CONFLICT DO UPDATE SET
  requests = requests + 1,
  errors = errors + excluded.errors,
  client_gone = client_gone + excluded.client_gone,
  incomplete = incomplete + excluded.incomplete,
  estimated = estimated + excluded.estimated,
  duplicates = duplicates + excluded.duplicates,
  input_tokens = input_tokens + excluded.input_tokens,
  cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
  cache_write_5m_tokens = cache_write_5m_tokens + excluded.cache_write_5m_tokens,
  cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
  output_tokens = output_tokens + excluded.output_tokens,
  web_searches = web_searches + excluded.web_searches,
  cost_usd_micros = cost_usd_micros + excluded.cost_usd_micros,
  counterfactual_usd_micros = counterfactual_usd_micros + excluded.counterfactual_usd_micros,
  restored_usd_micros = restored_usd_micros + excluded.restored_usd_micros,
  duration_us = duration_us + excluded.duration_us
)sql";

bool is_error(const RequestRecord& record) {
  return record.status >= 400 || !record.error_type.empty() || record.outcome == Outcome::upstream_cut ||
         record.outcome == Outcome::upstream_unreachable || record.outcome == Outcome::refused;
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
  const std::array<std::pair<Statement*, std::string_view>, 6> statements = {{
      {&writer.insert_request_, insert_request},
      {&writer.find_message_,
       "SELECT 1 FROM requests WHERE message_id = ? AND message_id != '' AND duplicate = 0 AND upstream_request_id = ? "
       "AND id IS NOT ?"},
      {&writer.add_to_day_, add_to_day_sql},
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
  const RequestRecord nothing;
  const RequestRecord& billed = duplicate ? nothing : record;
  const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
  add_to_day_.bind(1, day)
      .bind(2, StoredText::identifier(model).view())
      .bind(3, to_string(record.request_class))
      .bind(4, std::int64_t{is_error(record)})
      .bind(5, std::int64_t{record.outcome == Outcome::client_gone})
      .bind(6, std::int64_t{billed.usage_seen && !billed.usage_complete})
      .bind(7, std::int64_t{billed.price_estimated})
      .bind(8, std::int64_t{duplicate})
      .bind(9, stored_count(billed.usage.input))
      .bind(10, stored_count(billed.usage.cache_read))
      .bind(11, stored_count(billed.usage.cache_write_5m))
      .bind(12, stored_count(billed.usage.cache_write_1h))
      .bind(13, stored_count(billed.usage.output))
      .bind(14, stored_count(billed.usage.web_searches))
      .bind(15, stored_micro_usd(billed.cost))
      .bind(16, stored_micro_usd(billed.counterfactual))
      .bind(17, stored_micro_usd(billed.restored))
      .bind(18, record.duration_us);
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
