#include "storage/record_queue.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace distiq {

void RecordQueue::push(RequestRecord&& record) noexcept {
  std::unique_ptr<const RequestRecord> item;
  try {
    item = std::make_unique<const RequestRecord>(std::move(record));
  } catch (...) {
    const std::lock_guard lock(mutex_);
    return refuse();
  }
  push(StoreItem(std::move(item)));
}

void RecordQueue::push(StoreItem&& item) noexcept {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= limit_) return refuse();
    try {
      items_.push_back(std::move(item));
    } catch (...) {
      return refuse();  // out of memory
    }
    ++accepted_;
    wake = ends_sleep();
    if (wake) sleep_ = Sleep::awake;  // one call is enough
  }
  if (wake) work_.notify_one();
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
