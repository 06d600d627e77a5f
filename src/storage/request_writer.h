// Requests on their way into the store: rows of `requests`, each with its chain value, and what they add to the days'
// totals. Rows are written several at once, as beginning and ending a statement costs as much as a row. Storage thread
// only.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/request_record.h"
#include "storage/packed_record.h"
#include "storage/record_columns.h"
#include "storage/sqlite_db.h"
#include "storage/totals_writer.h"

namespace distiq {

class RequestWriter {
 public:
  // Only to be assigned to.
  RequestWriter() = default;
  // The statements belong to `db`, which must outlive the writer.
  [[nodiscard]] static DbResult<RequestWriter> prepare(Database& db);

  // Call these inside a transaction, begin_batch() first: another process may have written since.
  [[nodiscard]] DbResult<void> begin_batch();
  [[nodiscard]] DbResult<void> add(const PackedRecord& record);
  // Writes what add() has gathered.
  [[nodiscard]] DbResult<void> write_gathered();

  // The rows were rolled back.
  void forget() { totals_.forget(); }

 private:
  struct Row {
    StoredRow values;
    std::string chain;
  };
  // Where the values of a row stand among its parameters, the first of them being 0. They are in the order of the
  // table: SQLite then takes values from where they were bound, and else copies each once more.
  struct Parameters {
    Parameters() = default;
    explicit Parameters(std::span<const std::string> columns);

    int id = 0;
    int local_day = 0;
    int duplicate = 0;
    int chain = 0;
    std::vector<int> values;  // those of visit_columns
    int count = 0;
  };
  struct Insert {
    Statement statement;
    std::vector<Row> rows;  // what its parameters borrow from
  };

  [[nodiscard]] DbResult<void> write_group();
  // Returns how many rows were inserted, the first ones: none if one of them might be known.
  [[nodiscard]] DbResult<std::size_t> insert_group();
  [[nodiscard]] DbResult<void> prepare_group();
  [[nodiscard]] DbResult<void> insert_alone(const RequestRecord& record);
  // No message id stands twice in the group or in the store.
  [[nodiscard]] DbResult<bool> answers_are_new();
  [[nodiscard]] DbResult<bool> is_duplicate(const RequestRecord& record);
  // Fills and binds one row of the statement; returns its chain value.
  std::string_view set_row(Insert& insert, std::size_t place, const RequestRecord& record, bool duplicate,
                           std::string_view before);
  // Returns whether the statement succeeded; after a failure all is bound anew.
  [[nodiscard]] static DbResult<void> run(Insert& insert);
  // The local day; asked of the calendar once for records of one minute in a row, as days begin on whole minutes.
  [[nodiscard]] std::int64_t day_of(std::int64_t started_at_ms);

  Database* db_ = nullptr;
  std::vector<std::string> columns_;  // of the table but for `seq`, in its order
  Parameters parameters_;
  Statement last_chain_;
  Statement find_message_;
  Statement find_messages_;
  Insert alone_;
  Insert together_;  // prepared for the first full group
  TotalsWriter totals_;
  std::vector<RequestRecord> unpacked_;  // as many as a group has; their texts keep their memory
  std::vector<const RequestRecord*> group_;
  std::string chain_;  // of the newest row
  std::chrono::minutes minute_ = std::chrono::minutes::min();
  std::int64_t day_of_minute_ = 0;
};

}  // namespace distiq
