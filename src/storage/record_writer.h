// Turns records into rows: the raw row, its share of the day's totals, and rate-limit headers.
// Storage thread only; call inside a transaction.
#pragma once

#include "stats/request_record.h"
#include "storage/sqlite_db.h"

namespace distiq {

class RecordWriter {
 public:
  // Only to be assigned to.
  RecordWriter() = default;
  // The statements belong to `db`, which must outlive the writer.
  [[nodiscard]] static DbResult<RecordWriter> prepare(Database& db);

  // Writing the same id again changes nothing, so a batch whose commit ended in doubt may be repeated. A second record
  // of one upstream answer (same message id and request id) is kept, marked as duplicate, and not counted in tokens and
  // money.
  [[nodiscard]] DbResult<void> write(const RequestRecord& record);
  // Only anthropic-ratelimit-*, anthropic-priority-*, anthropic-fast-* and retry-after are kept, at most 64 per answer.
  [[nodiscard]] DbResult<void> write(const RateLimitRecord& record);

 private:
  [[nodiscard]] DbResult<bool> is_duplicate(const RequestRecord& record);
  [[nodiscard]] DbResult<void> add_to_day(const RequestRecord& record, std::int64_t day, bool duplicate);
  [[nodiscard]] DbResult<void> write_header(const RateLimitRecord& record, std::string_view name,
                                            std::string_view value);

  Database* db_ = nullptr;
  Statement insert_request_;
  Statement find_message_;
  Statement add_to_day_;
  Statement latest_limit_;
  Statement set_limit_;
  Statement add_to_series_;
};

}  // namespace distiq
