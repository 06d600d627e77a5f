// A ByteStream without a socket: reads come from a script in slices of a given size, writes are kept, and the N-th
// operation of all streams that share a FaultPlan fails.
#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "http/signal.h"
#include "net/byte_stream.h"

namespace distiq::testing {

struct FaultPlan {
  int fail_at = -1;  // which operation, counted from 0; -1: none
  int operations = 0;
  bool failed = false;

  bool fails_now() {
    const bool now = operations++ == fail_at;
    failed = failed || now;
    return now;
  }
};

// What outlives the stream, for the test to look at.
struct StreamTrace {
  std::string written;
  bool closed = false;
  bool reset = false;
  bool sent_fin = false;
};

struct StreamScript {
  std::string reads;
  std::size_t slice = 1 << 20;
  bool ends = false;       // after the reads: end of file; otherwise silence until closed
  bool is_full = false;    // takes no write at once
  bool no_memory = false;  // no read beside other work can be started
};

class ScriptedStream final : public ByteStream {
 public:
  ScriptedStream(IoExecutor executor, StreamScript script, std::shared_ptr<FaultPlan> plan,
                 std::shared_ptr<StreamTrace> trace)
      : script_(std::move(script)), plan_(std::move(plan)), trace_(std::move(trace)), executor_(std::move(executor)) {}
  ~ScriptedStream() override { trace_->closed = true; }

  Task<TransportResult<std::size_t>> read_some(std::span<char> into) override {
    if (trace_->closed) co_return std::unexpected(TransportFailure::cancelled);
    if (plan_->fails_now()) co_return std::unexpected(TransportFailure::cut);
    const std::size_t n = std::min({into.size(), script_.slice, script_.reads.size() - at_});
    if (n > 0) {
      std::memcpy(into.data(), script_.reads.data() + at_, n);
      at_ += n;
      co_return n;
    }
    if (script_.ends) co_return std::unexpected(TransportFailure::eof);
    co_await wake_.wait();
    co_return std::unexpected(trace_->closed ? TransportFailure::cancelled : TransportFailure::eof);
  }

  void start_read(std::span<char> into, ReadDone done) override {
    if (script_.no_memory) throw std::bad_alloc();
    boost::asio::co_spawn(
        executor_, read_some(into),
        [done = std::move(done)](std::exception_ptr, TransportResult<std::size_t> n) mutable { done(n); });
  }

  // At once, as a socket does that has room; or all of it later.
  std::optional<TransportResult<std::size_t>> write_now(std::span<const std::string_view> parts) override {
    rest_ = parts;
    if (script_.is_full) return std::nullopt;
    return take(parts);
  }
  Task<TransportResult<std::size_t>> write_rest() override {
    co_await boost::asio::post(executor_, boost::asio::use_awaitable_t<IoExecutor>{});
    co_return take(rest_);
  }
  void start_rest(WriteDone done) override {
    boost::asio::co_spawn(
        executor_, write_rest(),
        [done = std::move(done)](std::exception_ptr, TransportResult<std::size_t> n) mutable { done(n); });
  }

  void shutdown_send() noexcept override {
    trace_->sent_fin = true;
    // The other side sees our FIN and closes too.
    script_.ends = true;
    wake_later();
  }
  void close(bool reset) noexcept override {
    trace_->closed = true;
    trace_->reset = trace_->reset || reset;
    wake_later();
  }
  bool is_quiet() noexcept override { return !trace_->closed; }

 private:
  TransportResult<std::size_t> take(std::span<const std::string_view> parts) {
    if (trace_->closed) return std::unexpected(TransportFailure::cancelled);
    if (plan_->fails_now()) return std::unexpected(TransportFailure::cut);
    std::size_t n = 0;
    for (const std::string_view part : parts) {
      trace_->written.append(part);
      n += part.size();
    }
    return n;
  }
  // As a socket does: what was waiting ends after the call that ended it.
  void wake_later() {
    if (auto waiter = wake_.take()) boost::asio::post(executor_, std::move(waiter));
  }

  StreamScript script_;
  std::shared_ptr<FaultPlan> plan_;
  std::shared_ptr<StreamTrace> trace_;
  IoExecutor executor_;
  Signal wake_;
  std::span<const std::string_view> rest_;
  std::size_t at_ = 0;
};

}  // namespace distiq::testing
