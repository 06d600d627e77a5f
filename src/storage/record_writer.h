// Turns a batch of records into rows: each kind is gathered by the writer it has. Storage thread only.
#pragma once

#include <cstdint>

#include "stats/request_record.h"
#include "storage/limit_writer.h"
#include "storage/packed_record.h"
#include "storage/request_writer.h"
#include "storage/sqlite_db.h"
#include "storage/state_snapshot.h"

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
  // Limits must live until finish_batch().
  // Writing the same id again changes nothing, so a batch whose commit ended in doubt may be repeated. A second record
  // of one upstream answer (same message id and request id) is kept, marked as duplicate, and not counted in tokens and
  // money.
  [[nodiscard]] DbResult<void> write(const PackedRecord& record) { return requests_.add(record); }
  [[nodiscard]] DbResult<void> write(const RateLimitRecord& record) { return limits_.add(record); }
  [[nodiscard]] DbResult<void> write(const StateSnapshot& snapshot);
  [[nodiscard]] DbResult<void> finish_batch();
  void batch_committed() { in_batch_ = false; }

  // Rows were deleted beside us through this connection; those of others are noticed.
  void forget();

 private:
  Database* db_ = nullptr;
  Statement data_version_;
  RequestWriter requests_;
  LimitWriter limits_;
  std::int64_t seen_version_ = 0;
  bool in_batch_ = false;
};

}  // namespace distiq
