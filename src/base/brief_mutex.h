// A mutex for what is held for a microsecond or two: whoever finds it taken looks again for a few microseconds before
// it sleeps, as falling asleep and being woken costs both threads more than that. For std::lock_guard. Any thread.
#pragma once

#include <mutex>

namespace distiq {

class BriefMutex {
 public:
  void lock() {
    for (int looks = 0; looks < 64; ++looks) {
      if (mutex_.try_lock()) return;
      pause();
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  // Lets the other hardware thread of the core work meanwhile.
  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::mutex mutex_;
};

}  // namespace distiq
