// Turns a batch of records into rows: raw rows at once, the days' totals and rate limits gathered and written at its
// end. Storage thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "stats/request_record.h"
#include "storage/limit_writer.h"
#include "storage/record_columns.h"
#include "storage/sqlite_db.h"
#include "storage/state_snapshot.h"
#include "storage/totals_writer.h"

namespace distiq {

class RecordWriter {
 public:
  // Only to be assigned to.
  RecordWriter() = default;
  // The statements belong to `db`, which must outlive the writer.
  [[nodiscard]] static DbResult<RecordWriter> prepare(Database& db);

  // A batch is one transaction: begin it, begin_batch(), write()..., finish_batch(), commit it, batch_committed().
  // Whatever is missing of these was rolled back.
  [[nodiscard]] DbResult<void> begin_batch();
  // Writing the same id again changes nothing, so a batch whose commit ended in doubt may be repeated. A second record
  // of one upstream answer (same message id and request id) is kept, marked as duplicate, and not counted in tokens and
  // money.
  [[nodiscard]] DbResult<void> write(const RequestRecord& record);
  [[nodiscard]] DbResult<void> write(const std::unique_ptr<const RequestRecord>& record) { return write(*record); }
  [[nodiscard]] DbResult<void> write(const RateLimitRecord& record) { return limits_.add(record); }
  [[nodiscard]] DbResult<void> write(const StateSnapshot& snapshot);
  [[nodiscard]] DbResult<void> finish_batch();
  void batch_committed() { in_batch_ = false; }

  // Rows were deleted beside us through this connection; those of others are noticed.
  void forget();

 private:
  [[nodiscard]] DbResult<bool> is_duplicate(const RequestRecord& record, std::string_view stored_id);

  // The local day; asked of the calendar once for records of one minute in a row, as days begin on whole minutes.
  [[nodiscard]] std::int64_t day_of(std::int64_t started_at_ms);

  Database* db_ = nullptr;
  Statement data_version_;
  Statement insert_request_;
  Statement find_message_;
  Statement last_chain_;
  TotalsWriter totals_;
  LimitWriter limits_;
  std::int64_t seen_version_ = 0;
  bool in_batch_ = false;
  std::string chain_;  // of the newest row
  std::chrono::minutes minute_ = std::chrono::minutes::min();
  std::int64_t day_of_minute_ = 0;
  StoredRow row_;
};

}  // namespace distiq
