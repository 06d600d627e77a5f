// The durable record of every request: a RecordSink whose one writer thread puts records into an SQLite file in
// batches. An optional stage: no failure of disk or file reaches a request. It keeps trying, counts what it had to
// drop, and writes the loss down as a gap once it can write again. Reading is StatsReader's job, in this process or
// another.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "stats/record_sink.h"
#include "storage/state_snapshot.h"

namespace distiq {

class StoreWriter;

struct StoreConfig {
  // Behaviour.
  // The SQLite file; required. Missing folders are made (0700), the file is 0600. `path.lock`, `path-wal`, `path-shm`
  // and `path.damaged-*` lie beside it.
  std::string path;
  // Raw rows older than this are deleted in small steps; daily totals stay. 0 keeps everything. 0..36500.
  int retention_days = 365;

  // Performance; the defaults suit one user and a benchmark alike.
  // Records waiting for the writer (one is 1 to 2 KB); more are dropped and counted. 1..1'000'000.
  std::size_t queue_limit = 16'384;
  // Most rows of one transaction, and the number that is written without waiting for batch_delay. Larger: under load
  // every index page is written less often (4096 costs half the time of 512), but more is repeated after a failure.
  // 1..100'000.
  std::size_t batch_rows = 4'096;
  // How long the first record of a batch waits for company: how late `stats` may be, and what kill -9 may lose.
  std::chrono::milliseconds batch_delay{200};
  // How long a statement waits for another process's lock; also what a locked file may add to the end of the process.
  std::chrono::milliseconds busy_timeout{500};
  // Between attempts while the store cannot be written.
  std::chrono::milliseconds retry_interval{1'000};
  // Raw rows deleted per step of retention; a step takes some milliseconds of the writer thread. 1..100'000.
  int retention_step_rows = 500;
  // The file may not grow beyond this many pages of 4 KB; 0: no limit. For tests of full disks.
  std::int64_t max_pages = 0;
};

struct StoreHealth {
  bool ok = true;
  std::string reason;         // empty if ok: one sentence for people
  std::string detail;         // for the log: file, SQLite's text
  std::uint64_t written = 0;  // request records committed by this process
  std::uint64_t dropped = 0;  // records lost by this process: queue full, refused by the store, or left at the end
  // Records of every kind, those of limits and the states included.
  std::uint64_t waiting = 0;  // accepted and not yet settled
  std::uint64_t settled = 0;  // committed or lost; reaches waiting + settled of now when what waits now is dealt with
};

class RecordStore final : public RecordSink {
 public:
  // Called when `ok` or `reason` changes, inside open() or on the writer thread; must not call back into the store.
  using HealthListener = std::function<void(const StoreHealth&)>;

  // Fails (bad_config) only for a config that no disk could satisfy. A folder that cannot be written, a locked or full
  // disk give a store that is degraded from the start and keeps trying: look at health(). A damaged file is moved
  // aside. The first attempt to open is made here and may take busy_timeout. `clock` must outlive the store and be
  // usable from any thread.
  [[nodiscard]] static Result<std::unique_ptr<RecordStore>> open(const StoreConfig& config, const Clock& clock,
                                                                 HealthListener listener = {});
  // Writes what is waiting if the store can be written at once; takes at most about busy_timeout if not.
  ~RecordStore() override;

  void record(const RequestRecord& record) noexcept override;
  void record(RateLimitRecord&& record) noexcept override;

  // Never blocks.
  void record(StateSnapshot&& snapshot) noexcept;
  // Asked on the writer thread about once a minute while the store can be written; empty: no more. After the call with
  // an empty one returns, the former source is not running and never will.
  void set_state_source(std::function<StateSnapshot()> source);

  // Waits until all that was accepted before is committed or counted as lost. False: not within `limit`. Any thread.
  bool flush(std::chrono::milliseconds limit);

  [[nodiscard]] StoreHealth health() const;

 private:
  explicit RecordStore(std::unique_ptr<StoreWriter> writer);
  std::unique_ptr<StoreWriter> writer_;
};

}  // namespace distiq
