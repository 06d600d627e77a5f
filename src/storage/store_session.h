// One open store file: the connection, its statements and this process's row in `runs`. Knows nothing of queues or
// retries: every call either worked or says by its fault what to do. Storage thread only; blocks on the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "stats/request_record.h"
#include "stats/summary.h"
#include "storage/packed_record.h"
#include "storage/record_writer.h"
#include "storage/sqlite_db.h"
#include "storage/store_file.h"

namespace distiq {

using StoreItem = std::variant<PackedRecord, RateLimitRecord, StateSnapshot>;

struct SessionConfig {
  std::string path;
  std::chrono::milliseconds busy_timeout;
  std::int64_t max_pages = 0;  // for tests of full disks; 0: no limit
};

// One process's row in `runs`; the start time tells it from another file's row of the same number.
struct RunMark {
  std::int64_t run = 0;
  std::int64_t started_at_ms = 0;
};

class StoreSession {
 public:
  // Creates, migrates, and writes down a gap for every run that ended without goodbye. `mine` is in and out: the run
  // that a former session of this process began is taken up again, if this file knows it.
  [[nodiscard]] static DbResult<std::unique_ptr<StoreSession>> open(const SessionConfig& config, RunMark& mine,
                                                                    std::int64_t now_ms);

  StoreSession(const StoreSession&) = delete;
  StoreSession& operator=(const StoreSession&) = delete;

  // All of it or nothing. An empty batch is a probe: it succeeds if the store can be written.
  [[nodiscard]] DbResult<void> write(std::span<const StoreItem> items, std::span<const Gap> gaps, std::int64_t now_ms);
  // The file at our path is still the one that is open here; false after somebody deleted or replaced it.
  [[nodiscard]] bool is_current() const { return identify_file(config_.path) == identity_; }
  [[nodiscard]] FileIdentity identity() const { return identity_; }
  // For a file that was just begun: from now on it stands a power cut like any other. Waits for the disk the first
  // time.
  [[nodiscard]] DbResult<void> make_durable() { return db_.make_durable(); }
  // Says goodbye, so that the next start finds no gap.
  [[nodiscard]] DbResult<void> finish(std::int64_t now_ms);
  // Deletes at most `step_rows` raw rows that started before cutoff_ms, oldest first, and other outdated rows beside
  // them. Returns the number of raw rows deleted; fewer than step_rows means that nothing is left to do.
  [[nodiscard]] DbResult<std::int64_t> delete_expired(std::int64_t cutoff_ms, std::int64_t step_rows,
                                                      std::int64_t now_ms);

 private:
  StoreSession(SessionConfig config, Database db) : config_(std::move(config)), db_(std::move(db)) {}
  [[nodiscard]] DbResult<void> begin_run(RunMark& mine, std::int64_t now_ms);
  [[nodiscard]] DbResult<void> write_gap(const Gap& gap);
  [[nodiscard]] DbResult<void> move_anchor(std::int64_t last_seq, std::int64_t rows);

  SessionConfig config_;
  Database db_;  // before everything that holds a statement of it
  RecordWriter writer_;
  Statement touch_run_;
  WriterLock lock_;
  FileIdentity identity_;
  std::int64_t run_ = 0;
};

}  // namespace distiq
