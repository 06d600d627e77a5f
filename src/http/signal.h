// One coroutine waits, another on the same io thread wakes it. Not for crossing threads.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "http/exchange_io.h"

namespace distiq {

class Signal {
 public:
  // Ends at the next notify(). One waiter at a time.
  Task<void> wait() {
    auto initiation = [this](auto handler) { waiter_ = [h = std::move(handler)]() mutable { std::move(h)(); }; };
    constexpr boost::asio::use_awaitable_t<IoExecutor> token;
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<IoExecutor>, void()>(initiation, token);
  }

  // The waiter goes on inside this call: make it the last thing done.
  void notify() {
    if (auto waiter = take()) waiter();
  }
  // For who must wake later: the waiter itself, to be called once; empty if nobody waits.
  [[nodiscard]] std::move_only_function<void()> take() { return std::exchange(waiter_, nullptr); }

 private:
  std::move_only_function<void()> waiter_;
};

}  // namespace distiq
