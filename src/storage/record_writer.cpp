#include "storage/record_writer.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "stats/summary_calendar.h"
#include "storage/record_chain.h"
#include "storage/stored_text.h"

namespace distiq {

DbResult<RecordWriter> RecordWriter::prepare(Database& db) {
  RecordWriter writer;
  writer.db_ = &db;
  const std::string insert_request = fmt::format(
      "INSERT INTO requests (id, local_day, duplicate, chain, {}) VALUES (?, ?, ?, ?, {}) ON CONFLICT (id) DO NOTHING",
      request_column_names(), request_column_marks());
  const std::array<std::pair<Statement*, std::string_view>, 4> statements = {{
      {&writer.data_version_, "PRAGMA data_version"},
      {&writer.insert_request_, insert_request},
      {&writer.find_message_,
       "SELECT 1 FROM requests WHERE message_id = ? AND message_id != '' AND duplicate = 0 AND upstream_request_id = ? "
       "AND id IS NOT ?"},
      {&writer.last_chain_,
       "SELECT coalesce((SELECT chain FROM requests ORDER BY seq DESC LIMIT 1), "
       "(SELECT CAST(chain_hash AS TEXT) FROM retention_anchor), '')"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = db.prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  auto totals = TotalsWriter::prepare(db);
  if (!totals) return std::unexpected(std::move(totals.error()));
  writer.totals_ = std::move(*totals);
  auto limits = LimitWriter::prepare(db);
  if (!limits) return std::unexpected(std::move(limits.error()));
  writer.limits_ = std::move(*limits);
  return writer;
}

DbResult<void> RecordWriter::begin_batch() {
  if (std::exchange(in_batch_, true)) forget();
  // Rises when another connection has committed.
  auto row = data_version_.step();
  const std::int64_t version = row && *row ? data_version_.integer(0) : 0;
  data_version_.reset();
  if (!row) return std::unexpected(std::move(row.error()));
  if (std::exchange(seen_version_, version) != version) forget();
  auto last = last_chain_.step();  // another process may have written since
  if (last && *last) chain_ = last_chain_.text(0);
  last_chain_.reset();
  if (!last) return std::unexpected(std::move(last.error()));
  return {};
}

DbResult<bool> RecordWriter::is_duplicate(const RequestRecord& record, std::string_view stored_id) {
  if (record.message_id.empty() || record.upstream_request_id.empty()) return false;
  find_message_.bind_borrowed(1, StoredText::identifier(record.message_id).view());
  find_message_.bind_borrowed(2, StoredText::identifier(record.upstream_request_id).view());
  find_message_.bind_borrowed(3, stored_id);
  auto found = find_message_.step();
  find_message_.reset();
  return found;
}

std::int64_t RecordWriter::day_of(std::int64_t started_at_ms) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(std::chrono::milliseconds(started_at_ms));
  if (std::exchange(minute_, minute) != minute) day_of_minute_ = local_day(started_at_ms);
  return day_of_minute_;
}

DbResult<void> RecordWriter::write(const RequestRecord& record) {
  const StoredText id = StoredText::identifier(record.id);
  const auto duplicate = is_duplicate(record, id.view());
  if (!duplicate) return std::unexpected(duplicate.error());
  const std::int64_t day = day_of(record.started_at_ms);
  if (record.id.empty()) {
    insert_request_.bind_null(1);
  } else {
    insert_request_.bind_borrowed(1, id.view());
  }
  row_.set(record);
  std::string chain = next_chain(chain_, id.view(), *duplicate, row_.text());
  insert_request_.bind(2, day).bind(3, std::int64_t{*duplicate}).bind_borrowed(4, chain);
  row_.bind(insert_request_, 5);
  if (auto inserted = insert_request_.run(); !inserted) {
    row_.forget_bound();
    return inserted;
  }
  if (db_->changed_rows() == 0) return {};  // it stands there already
  totals_.add(record, day, *duplicate);
  chain_ = std::move(chain);
  return {};
}

DbResult<void> RecordWriter::write(const StateSnapshot& snapshot) {
  if (auto cleared = db_->execute("DELETE FROM steering_state"); !cleared) return cleared;
  auto insert = db_->prepare("INSERT INTO steering_state (kind, line) VALUES (?, ?)");
  if (!insert) return std::unexpected(std::move(insert.error()));
  for (const auto& [kind, line] : snapshot.rows) {
    insert->bind_borrowed(1, kind).bind_borrowed(2, line);
    if (auto inserted = insert->run(); !inserted) return inserted;
  }
  return {};
}

DbResult<void> RecordWriter::finish_batch() {
  if (auto written = totals_.write_gathered(); !written) return written;
  return limits_.write_gathered();
}

void RecordWriter::forget() {
  totals_.forget();
  limits_.forget();
}

}  // namespace distiq
