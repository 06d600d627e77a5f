// What waits for the storage thread: bounded, many producers, one consumer. Counts what it had to refuse, with the time
// span, so that the loss can be written down later.
// Any thread; take*() and wait*() are the storage thread's.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "storage/store_session.h"

namespace distiq {

struct Loss {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int64_t count = 0;
};

class RecordQueue {
 public:
  // `clock` must outlive the queue.
  RecordQueue(std::size_t limit, std::size_t batch_rows, const Clock& clock)
      : limit_(limit), batch_rows_(batch_rows), clock_(clock) {}

  // Never blocks for longer than another caller's push. A full queue, or want of memory, counts the item as lost.
  void push(const RequestRecord& record) noexcept;
  // Takes the place of what waits of the same account and minute: every answer brings them, and the newest count.
  void push(RateLimitRecord&& limits) noexcept;
  void push(StateSnapshot&& snapshot) noexcept { push(StoreItem(std::move(snapshot))); }

  // Waits until there is a batch to write: `company` after the first item, or a whole batch, a flush or the end; or
  // until `idle` has passed without any item (then false).
  bool wait_for_batch(std::chrono::milliseconds company, std::chrono::milliseconds idle);
  // Waits `pause`, shorter if a flush or the end is asked for meanwhile.
  void wait_for_retry(std::chrono::milliseconds pause);
  // Moves up to a batch into `batch`. The items stay counted as waiting until settle().
  void take(std::vector<StoreItem>& batch);
  // `count` items are committed or lost.
  void settle(std::size_t count);
  // What was refused since the last call.
  [[nodiscard]] std::optional<Loss> take_loss();

  bool flush(std::chrono::milliseconds limit);
  void stop();
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::uint64_t refused() const;
  // Since the start, of one moment.
  struct Counts {
    std::uint64_t accepted = 0, settled = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  // What the storage thread sleeps for; a push wakes it for nothing else.
  enum class Sleep { awake, for_first_item, for_full_batch };

  [[nodiscard]] bool urgent() const { return stopping_ || settled_ < flush_target_; }
  [[nodiscard]] bool ends_sleep() const {
    return sleep_ == Sleep::for_first_item || (sleep_ == Sleep::for_full_batch && items_.size() >= batch_rows_);
  }
  void push(StoreItem&& item) noexcept;
  // Requires of the following: the lock is held.
  // Whether a waiter is to be woken; nullopt: there is no room.
  [[nodiscard]] std::optional<bool> add(StoreItem&& item) noexcept;
  void refuse() noexcept;
  // The newest that waits of this account; null if nothing is known to.
  [[nodiscard]] RateLimitRecord* find_waiting(const std::string& account_hash) noexcept;

  // Constant after construction.
  const std::size_t limit_;
  const std::size_t batch_rows_;
  const Clock& clock_;

  // Protected by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable settled_changed_;
  std::deque<StoreItem> items_;
  std::uint64_t taken_ = 0;  // items that have left the front of items_ since the start
  // Of the last rate limits, going round: their numbers among all items since the start. Never forgotten, only
  // outgrown.
  std::array<std::uint64_t, 16> limits_at_{};
  std::size_t limits_seen_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t settled_ = 0;
  std::uint64_t refused_ = 0;
  std::optional<Loss> loss_;
  Sleep sleep_ = Sleep::awake;
  std::uint64_t flush_target_ = 0;  // value of accepted_ that somebody waits for
  bool retry_now_ = false;
  bool stopping_ = false;
};

}  // namespace distiq
