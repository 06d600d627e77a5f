// One coroutine waits, another on the same io thread wakes it. Not for crossing threads.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "http/exchange_io.h"

namespace distiq {

class Signal {
 public:
  explicit Signal(IoExecutor executor) : executor_(std::move(executor)) {}

  // Ends at the next notify(). One waiter at a time.
  Task<void> wait() {
    auto initiation = [this](auto handler) {
      waiter_ = [h = std::move(handler)]() mutable { std::move(h)(); };
    };
    constexpr boost::asio::use_awaitable_t<IoExecutor> token;
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<IoExecutor>, void()>(initiation, token);
  }

  void notify() {
    if (auto waiter = std::exchange(waiter_, nullptr)) boost::asio::post(executor_, std::move(waiter));
  }

 private:
  IoExecutor executor_;
  std::move_only_function<void()> waiter_;
};

}  // namespace distiq
