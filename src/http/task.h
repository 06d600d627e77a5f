// What I/O returns: a coroutine that is awaited, or, where the result is nearly always there at once, ValueTask.
// Runs on the io thread of its session.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <concepts>
#include <optional>
#include <utility>

namespace distiq {

using IoExecutor = boost::asio::io_context::executor_type;
template <class T>
using Task = boost::asio::awaitable<T, IoExecutor>;

// A result, or the coroutine that will have it. Who calls on the way of every request saves the coroutine:
//     auto reading = exchange.read_piece();
//     if (!reading.ready()) reading = co_await reading.later();
//     const auto piece = reading.take();
// and everybody else awaits task(). Not `ready() ? take() : co_await later()`: g++ 12 loses the value.
template <class T>
class [[nodiscard]] ValueTask {
 public:
  template <std::convertible_to<T> Value>
  ValueTask(Value&& value) : value_(std::forward<Value>(value)) {}
  ValueTask(Task<T> later) : later_(std::move(later)) {}

  [[nodiscard]] bool ready() const { return value_.has_value(); }
  [[nodiscard]] T take() { return *std::move(value_); }        // Requires: ready()
  [[nodiscard]] Task<T> later() { return std::move(later_); }  // Requires: not ready()
  [[nodiscard]] Task<T> task() { return ready() ? ended(take()) : later(); }

 private:
  static Task<T> ended(T value) { co_return std::move(value); }

  std::optional<T> value_;
  Task<T> later_;
};

}  // namespace distiq
