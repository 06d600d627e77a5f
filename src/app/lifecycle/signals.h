// SIGTERM and SIGINT as something to wait for. One instance, made before any other thread starts.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace distiq {

inline constexpr int ended_by_signal = 130;  // exit code after a second signal

class ShutdownSignals {
 public:
  ShutdownSignals();  // blocks the signals in this and all later threads; ignores SIGPIPE and SIGXFSZ
  // Blocks until the first one, or until `or_else` is true, which is asked four times a second (empty: never).
  void wait(const std::function<bool()>& or_else = {});
};

// Waits beside a shutdown for the signal that says "now": calls `hurry` once and ends the process with exit code 130 if
// it is still there `patience` later, whatever hangs. Made after the first signal.
class SecondSignal {
 public:
  SecondSignal(ShutdownSignals& signals, std::chrono::milliseconds patience, std::function<void()> hurry);
  ~SecondSignal();
  SecondSignal(const SecondSignal&) = delete;
  SecondSignal& operator=(const SecondSignal&) = delete;

  // `hurry` will not be called after this.
  void forget_hurry();
  [[nodiscard]] bool came();

 private:
  void watch(ShutdownSignals& signals, std::chrono::milliseconds patience);

  std::mutex mutex_;
  std::condition_variable ended_;
  std::function<void()> hurry_;
  bool over_ = false;  // the shutdown is
  bool came_ = false;
  std::thread thread_;
};

}  // namespace distiq
