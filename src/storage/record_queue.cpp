#include "storage/record_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace distiq {

void RecordQueue::push(StoreItem item, std::int64_t now_ms) noexcept {
  const std::lock_guard lock(mutex_);
  if (items_.size() >= limit_) return refuse(now_ms);
  try {
    items_.push_back(std::move(item));
  } catch (...) {
    return refuse(now_ms);  // out of memory
  }
  ++accepted_;
  if (items_.size() == 1 || items_.size() == batch_rows_) work_.notify_one();
}

void RecordQueue::refuse(std::int64_t now_ms) noexcept {
  ++refused_;
  if (!loss_) loss_ = Loss{now_ms, now_ms, 0};
  loss_->to_ms = std::max(loss_->to_ms, now_ms);
  ++loss_->count;
}

bool RecordQueue::wait_for_batch(std::chrono::milliseconds company, std::chrono::milliseconds idle) {
  std::unique_lock lock(mutex_);
  if (!work_.wait_for(lock, idle, [&] { return stopping_ || !items_.empty(); })) return false;
  work_.wait_for(lock, company, [&] { return urgent() || items_.size() >= batch_rows_; });
  return true;
}

void RecordQueue::wait_for_retry(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  work_.wait_for(lock, pause, [&] { return stopping_ || retry_now_; });
  retry_now_ = false;
}

void RecordQueue::take(std::vector<StoreItem>& batch) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(items_.size(), batch_rows_));
  batch.insert(batch.end(), std::make_move_iterator(items_.begin()), std::make_move_iterator(items_.begin() + count));
  items_.erase(items_.begin(), items_.begin() + count);
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

std::uint64_t RecordQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return accepted_ - settled_;
}

}  // namespace distiq
