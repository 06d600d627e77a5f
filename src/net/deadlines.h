// Coarse timeouts for many connections: one timer per io thread that ticks, instead of one per read. A deadline fires
// up to one tick late. Runs on its io thread only.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <functional>
#include <list>

#include "base/clock.h"
#include "http/exchange_io.h"

namespace distiq {

class Deadlines {
 public:
  Deadlines(IoExecutor executor, const Clock& clock);

  // A place for one deadline; move-only, disarmed and forgotten when destroyed. `expired` is called once per arming.
  class Entry {
   public:
    Entry(Deadlines& owner, std::move_only_function<void()> expired);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    void arm(std::chrono::milliseconds from_now);
    void disarm() { when_ = MonotonicTime::max(); }
    [[nodiscard]] bool armed() const { return when_ != MonotonicTime::max(); }

   private:
    friend class Deadlines;
    Deadlines& owner_;
    std::move_only_function<void()> expired_;
    MonotonicTime when_ = MonotonicTime::max();
    std::list<Entry*>::iterator place_;
  };

  [[nodiscard]] MonotonicTime now() const { return clock_.monotonic(); }
  // Calls what has expired. The timer does this; tests do it by hand.
  void sweep();
  void stop();  // lets the io thread run out of work

 private:
  void tick();

  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
  Timer timer_;
  const Clock& clock_;
  std::list<Entry*> entries_;
  std::list<Entry*>::iterator cursor_ = entries_.end();  // survives entries vanishing while we sweep
  bool stopped_ = false;
};

}  // namespace distiq
