// The seam between pipeline/ (what happens to a request) and net/ (sockets): both sides of one exchange as interfaces.
// net/ implements them over TCP and TLS, tests over scripts. Everything here runs on the io thread of its session.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "http/exchange.h"
#include "http/message_reader.h"
#include "http/task.h"

namespace distiq {

// "The client has left" (or the drain limit has passed), told at once to whatever is waiting on upstream. Whoever waits
// sets the hook, and clears it before what the hook touches dies.
class Cancellation {
 public:
  void cancel() {
    cancelled_ = true;
    if (auto hook = std::move(hook_)) hook();
  }
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  void set_hook(std::move_only_function<void()> hook) { hook_ = std::move(hook); }
  void clear_hook() { hook_ = nullptr; }

 private:
  std::move_only_function<void()> hook_;
  bool cancelled_ = false;
};

// A hook for as long as a scope lasts, also when the scope ends by an exception.
class CancellationHook {
 public:
  CancellationHook(Cancellation& cancellation, std::move_only_function<void()> hook) : cancellation_(cancellation) {
    cancellation_.set_hook(std::move(hook));
  }
  ~CancellationHook() { cancellation_.clear_hook(); }
  CancellationHook(const CancellationHook&) = delete;
  CancellationHook& operator=(const CancellationHook&) = delete;

 private:
  Cancellation& cancellation_;
};

// A whole request body. Counted against the budget of all buffered bytes until destroyed. Its bytes stay where they
// are.
class BufferedBody {
 public:
  virtual ~BufferedBody() = default;
  [[nodiscard]] virtual std::string_view bytes() const = 0;
  // How many bytes of memory it holds: room for more may be among them.
  [[nodiscard]] virtual std::size_t capacity() const = 0;
  // Counts no longer: its request is done with, somebody else keeps and bounds it, perhaps longer than the server
  // lives.
  virtual void leave_budget() = 0;
};

// What a handler has found out about a head and keeps for the requests that come with the same one.
struct HeadNotes {
  virtual ~HeadNotes() = default;
};

// The client's side. The head has been read and admitted.
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  [[nodiscard]] virtual const RequestHead& head() const = 0;
  [[nodiscard]] virtual BodyFraming body_framing() const = 0;
  [[nodiscard]] virtual bool keep_alive() const = 0;                // as far as the client and our own shutdown go
  [[nodiscard]] virtual MonotonicTime request_started() const = 0;  // its first byte arrived

  // All of the body. Errors: too_large (over `limit`), client_gone, client_fault (framing), overloaded (budget).
  virtual ValueTask<Result<std::unique_ptr<BufferedBody>>> read_body(std::size_t limit) = 0;
  // The next piece, valid until the next call; empty: the body has ended. Errors as above without too_large.
  virtual Task<Result<std::string_view>> read_piece() = 0;
  [[nodiscard]] virtual bool body_ended() const = 0;
  // Nobody wants the rest of the body: a read_piece() that waits ends with `cancelled`, and so does every later one.
  virtual void stop_reading() = 0;

  // The answer is delimited by the connection's end: if we have to cut it, then by RST, as FIN would be its clean end.
  virtual void answer_ends_by_close() = 0;

  // Writes all parts or fails with client_gone. The parts must live until done.
  virtual ValueTask<Result<void>> write(std::span<const std::string_view> parts) = 0;

  // From now on the client's leaving calls cancel() at once; while a body is still being read its reader notices. Ends
  // when the handler returns.
  virtual void watch(Cancellation& cancellation) = 0;

  // Returns when every other exchange of this io thread that had something to do has had its turn. Does no I/O.
  virtual Task<void> next_turn() = 0;

  // A place for what a handler has found out about the head. Empty where no request of the same client came with this
  // head before; else as it was left, and head() is the same object with the same fields, but that its Content-Length
  // may be another number of as many digits.
  virtual std::unique_ptr<HeadNotes>& head_notes() = 0;
};

// What one read from upstream brought.
struct AnswerPiece {
  std::string_view wire;                      // with chunk framing as upstream sent it
  std::span<const std::string_view> content;  // without
  bool last = false;
};

// The upstream side: one connection, for one request.
class UpstreamExchange {
 public:
  virtual ~UpstreamExchange() =
      default;  // gives the connection back to the pool if the exchange ended cleanly, else closes it
  [[nodiscard]] virtual bool reused() const = 0;          // had served a request before, or waited in the pool
  [[nodiscard]] virtual bool answer_started() const = 0;  // any byte of an answer was seen

  // Errors: upstream_broke. An answer may still be readable.
  virtual ValueTask<Result<void>> write(std::span<const std::string_view> parts) = 0;
  // The same without waiting, because an upstream may answer before it has read everything; what goes wrong shows at
  // the next read. The bytes under `parts` must live until sent() or settle().
  // `when_sent` runs as soon as all of it has been handed over, perhaps inside the call, never after settle(); it
  // cannot fail the exchange.
  virtual void start_write(std::span<const std::string_view> parts,
                           const std::function<void()>& when_sent = nullptr) = 0;
  [[nodiscard]] virtual bool sent() const = 0;
  // Before an exchange dies: closes it if a write is still under way, and waits for the write's end.
  virtual Task<void> settle() = 0;
  // The final head (1xx are skipped). Errors: upstream_broke, cancelled.
  virtual Task<Result<void>> read_head() = 0;
  [[nodiscard]] virtual const ResponseHead& head() const = 0;
  [[nodiscard]] virtual BodyFraming framing() const = 0;
  // Views valid until the next call. Errors: upstream_broke (cut), cancelled. The first call may return what came with
  // the head and does not wait then.
  virtual ValueTask<Result<AnswerPiece>> read_piece() = 0;
  // Whether read_piece() has something without waiting.
  [[nodiscard]] virtual bool piece_ready() const = 0;
  // The answer has ended as it should (true also for answers without body after read_head).
  [[nodiscard]] virtual bool finished() const = 0;
  virtual void close() noexcept = 0;  // at once; pending operations end with `cancelled`
};

enum class Reuse { pooled, fresh };

class UpstreamConnector {
 public:
  virtual ~UpstreamConnector() = default;
  // Errors: upstream_unreachable, upstream_timeout, cancelled.
  virtual ValueTask<Result<std::unique_ptr<UpstreamExchange>>> open(Reuse reuse, bool request_is_head,
                                                                    Cancellation& cancellation) = 0;
};

// What becomes of the client's connection after an exchange.
enum class Disposition {
  keep_alive,
  close,  // FIN, then drain: what was sent arrives
  reset,  // RST: the client learns that a close-delimited answer was cut
};

using RequestHandler = std::function<Task<Disposition>(ClientExchange&, UpstreamConnector&)>;

}  // namespace distiq
