// A mutex for what is held for a microsecond or two: whoever finds it taken looks again for a few microseconds before
// it sleeps, as falling asleep and being woken costs both threads more than that. For std::lock_guard. Any thread.
#pragma once

#include <atomic>

namespace distiq {

class BriefMutex {
 public:
  void lock() {
    for (int looks = 0; looks < 64; ++looks) {
      // Only reads while it is taken: a write would take the cache line from whoever holds it.
      if (state_.load(std::memory_order_relaxed) == State::free && try_lock()) return;
      pause();
    }
    while (state_.exchange(State::awaited, std::memory_order_acquire) != State::free) {
      state_.wait(State::awaited, std::memory_order_relaxed);
    }
  }
  void unlock() {
    if (state_.exchange(State::free, std::memory_order_release) == State::awaited) state_.notify_one();
  }

 private:
  enum class State : int { free, taken, awaited };  // awaited: taken, and somebody may sleep

  bool try_lock() {
    State expected = State::free;
    return state_.compare_exchange_strong(expected, State::taken, std::memory_order_acquire);
  }
  // Lets the other hardware thread of the core work meanwhile.
  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::atomic<State> state_ = State::free;
};

}  // namespace distiq
