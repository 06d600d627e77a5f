// Many producers, one consumer, a fixed number of places. A full queue drops the new item and counts it: producers are
// request paths and never wait for the consumer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace distiq {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // False if the item was dropped: the queue is full, closed or out of memory. Wakes the consumer only if it sleeps.
  // Any thread.
  bool try_push(T item) noexcept {
    std::unique_lock lock(mutex_);
    try {
      if (!closed_ && items_.size() < capacity_) {
        items_.push_back(std::move(item));
        if (items_.size() < wake_at_) return true;
        wake_at_ = never;  // one call is enough
        lock.unlock();
        filled_.notify_one();
        return true;
      }
    } catch (...) {
    }
    ++dropped_;
    return false;
  }

  // Waits for items, then moves all of them, oldest first, into `out` (whose own items are discarded). After the first
  // item it lingers for more, until the queue is half full at the latest: under load one wake-up serves many.
  // False once the queue is closed and empty. The consumer's thread only.
  bool wait_take_all(std::vector<T>& out, std::chrono::milliseconds linger = {}) {
    out.clear();
    std::unique_lock lock(mutex_);
    wake_at_ = 1;
    filled_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (linger.count() > 0) {
      wake_at_ = capacity_ / 2 + 1;
      filled_.wait_for(lock, linger, [this] { return closed_ || items_.size() > capacity_ / 2; });
    }
    wake_at_ = never;
    items_.swap(out);
    return !out.empty();
  }

  // The same with a limit and without lingering; true with an empty `out` means that the time passed.
  bool wait_take_all_for(std::vector<T>& out, std::chrono::milliseconds limit) {
    out.clear();
    std::unique_lock lock(mutex_);
    wake_at_ = 1;
    filled_.wait_for(lock, limit, [this] { return closed_ || !items_.empty(); });
    wake_at_ = never;
    items_.swap(out);
    return !out.empty() || !closed_;
  }

  // Nothing gets in any more; what is inside can still be taken. Any thread.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    filled_.notify_all();
  }

  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  static constexpr std::size_t never = static_cast<std::size_t>(-1);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<T> items_;         // under mutex_
  std::size_t wake_at_ = never;  // under mutex_: how many items the sleeping consumer waits for
  bool closed_ = false;          // under mutex_
  std::uint64_t dropped_ = 0;    // under mutex_
};

}  // namespace distiq
