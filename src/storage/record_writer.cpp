#include "storage/record_writer.h"

#include <utility>

namespace distiq {

DbResult<RecordWriter> RecordWriter::prepare(Database& db) {
  RecordWriter writer;
  writer.db_ = &db;
  auto version = db.prepare("PRAGMA data_version");
  if (!version) return std::unexpected(std::move(version.error()));
  writer.data_version_ = std::move(*version);
  auto requests = RequestWriter::prepare(db);
  if (!requests) return std::unexpected(std::move(requests.error()));
  writer.requests_ = std::move(*requests);
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
  return requests_.begin_batch();
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
  if (auto written = requests_.write_gathered(); !written) return written;
  return limits_.write_gathered();
}

void RecordWriter::forget() {
  requests_.forget();
  limits_.forget();
}

}  // namespace distiq
