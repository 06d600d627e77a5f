#include "storage/record_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace distiq {
namespace {

// Nothing of the older ones would be seen any more: the store keeps the newest, and one of each minute.
bool outdates(const RateLimitRecord& newer, const RateLimitRecord& older) {
  return newer.observed_at_ms >= older.observed_at_ms && newer.observed_minute() == older.observed_minute() &&
         newer.headers.has_names_of(older.headers);
}

}  // namespace

void RecordQueue::push(const RequestRecord& record) noexcept try {
  push(StoreItem(PackedRecord(record)));
} catch (...) {
  const std::lock_guard lock(mutex_);
  refuse();
}

void RecordQueue::push(RateLimitRecord&& limits) noexcept {
  std::optional<bool> wake;
  {
    const std::lock_guard lock(mutex_);
    RateLimitRecord* waiting = find_waiting(limits.account_hash);
    if (waiting != nullptr && outdates(limits, *waiting)) {
      // Of the same account; what was waiting goes with `limits`, outside the lock.
      waiting->observed_at_ms = limits.observed_at_ms;
      return std::swap(waiting->headers, limits.headers);
    }
    wake = add(StoreItem(std::move(limits)));
    if (!wake) return refuse();
    limits_at_[limits_seen_++ % limits_at_.size()] = taken_ + items_.size() - 1;
  }
  if (*wake) work_.notify_one();
}

void RecordQueue::push(StoreItem&& item) noexcept {
  std::optional<bool> wake;
  {
    const std::lock_guard lock(mutex_);
    wake = add(std::move(item));
    if (!wake) return refuse();
  }
  if (*wake) work_.notify_one();
}

std::optional<bool> RecordQueue::add(StoreItem&& item) noexcept {
  if (items_.size() >= limit_) return std::nullopt;
  try {
    items_.push_back(std::move(item));
  } catch (...) {
    return std::nullopt;  // out of memory
  }
  ++accepted_;
  const bool wake = ends_sleep();
  if (wake) sleep_ = Sleep::awake;  // one call is enough
  return wake;
}

RateLimitRecord* RecordQueue::find_waiting(const std::string& account_hash) noexcept {
  const std::size_t known = std::min(limits_seen_, limits_at_.size());
  for (std::size_t back = 1; back <= known; ++back) {
    const std::uint64_t at = limits_at_[(limits_seen_ - back) % limits_at_.size()];
    if (at < taken_) return nullptr;  // and those before it
    auto* limits = std::get_if<RateLimitRecord>(&items_[at - taken_]);
    if (limits != nullptr && limits->account_hash == account_hash) return limits;
  }
  return nullptr;
}

void RecordQueue::refuse() noexcept {
  const std::int64_t now_ms = clock_.wall().time_since_epoch().count();
  ++refused_;
  if (!loss_) loss_ = Loss{now_ms, now_ms, 0};
  loss_->to_ms = std::max(loss_->to_ms, now_ms);
  ++loss_->count;
}

bool RecordQueue::wait_for_batch(std::chrono::milliseconds company, std::chrono::milliseconds idle) {
  std::unique_lock lock(mutex_);
  sleep_ = Sleep::for_first_item;
  const bool found = work_.wait_for(lock, idle, [&] { return stopping_ || !items_.empty(); });
  if (found) {
    sleep_ = Sleep::for_full_batch;
    work_.wait_for(lock, company, [&] { return urgent() || items_.size() >= batch_rows_; });
  }
  sleep_ = Sleep::awake;
  return found;
}

void RecordQueue::wait_for_retry(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  work_.wait_for(lock, pause, [&] { return stopping_ || retry_now_; });
  retry_now_ = false;
}

void RecordQueue::take(std::vector<StoreItem>& batch) {
  // In slices, so that nobody who pushes waits for a whole batch to be moved.
  constexpr std::size_t slice = 64;
  std::size_t left = batch_rows_;
  while (left > 0) {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min({items_.size(), left, slice});
    if (count == 0) return;
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(count);
    batch.insert(batch.end(), std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
    items_.erase(items_.begin(), end);
    taken_ += count;
    left -= count;
  }
}

void RecordQueue::settle(std::size_t count) {
  {
    const std::lock_guard lock(mutex_);
    settled_ += count;
  }
  settled_changed_.notify_all();
}

std::optional<Loss> RecordQueue::take_loss() {
  const std::lock_guard lock(mutex_);
  return std::exchange(loss_, std::nullopt);
}

bool RecordQueue::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = accepted_;
  flush_target_ = std::max(flush_target_, target);
  retry_now_ = true;
  work_.notify_one();
  return settled_changed_.wait_for(lock, limit, [&] { return settled_ >= target; });
}

void RecordQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
}

bool RecordQueue::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool RecordQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return items_.empty();
}

std::uint64_t RecordQueue::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

RecordQueue::Counts RecordQueue::counts() const {
  const std::lock_guard lock(mutex_);
  return {.accepted = accepted_, .settled = settled_};
}

}  // namespace distiq
