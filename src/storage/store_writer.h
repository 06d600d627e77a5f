// The storage thread: takes batches from the queue, keeps a session open, decides by the fault what a failure means,
// and remembers losses until they can be written down. Internal to storage/.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "storage/record_queue.h"
#include "storage/record_store.h"
#include "storage/store_session.h"

namespace distiq {

class StoreWriter {
 public:
  StoreWriter(const StoreConfig& config, const Clock& clock, RecordStore::HealthListener listener);
  ~StoreWriter();
  // Makes the first attempt to open on the caller's thread, then starts the thread.
  void start();

  template <class Record>
  void push(Record&& record) noexcept {
    queue_.push(std::forward<Record>(record));
  }
  void set_state_source(std::function<StateSnapshot()> source);
  bool flush(std::chrono::milliseconds limit) { return queue_.flush(limit); }
  [[nodiscard]] StoreHealth health() const;

 private:
  void run();
  // True: the batch is settled or was empty, and the store can be written.
  bool write_pending();
  [[nodiscard]] DbResult<void> attempt();
  [[nodiscard]] DbResult<void> ensure_session();
  [[nodiscard]] DbResult<void> replace_damaged_file(const DbError& error);
  void skip_rejected_items();
  void collect_loss();
  void add_gap(Gap gap);
  void settle_pending();
  void lose_pending();
  void finish();
  void make_durable();
  void delete_expired_when_due();
  void save_state_when_due();
  void report(const std::optional<DbError>& error);
  [[nodiscard]] std::int64_t now_ms() const { return clock_.wall().time_since_epoch().count(); }

  // Constant after construction; the queue guards itself.
  const StoreConfig config_;
  const Clock& clock_;
  const RecordStore::HealthListener listener_;
  RecordQueue queue_;

  // Storage thread only (before start(): the constructing one).
  std::unique_ptr<StoreSession> session_;
  RunMark run_;
  std::vector<StoreItem> pending_;
  std::vector<Gap> gaps_;  // to be written with the next batch
  std::optional<DbError> last_error_;
  int files_moved_ = 0;
  MonotonicTime retention_due_{};
  MonotonicTime state_due_{};

  // Protected by source_mutex_.
  std::mutex source_mutex_;
  std::function<StateSnapshot()> state_source_;

  // Protected by health_mutex_.
  mutable std::mutex health_mutex_;
  StoreHealth health_;

  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> lost_by_writer_{0};
  std::thread thread_;
};

}  // namespace distiq
