// One client connection: reads requests one after the other, gives each to the handler, decides what becomes of the
// connection. Notices at once when the client leaves while its request is being answered. Runs on its io thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/signal.h"
#include "net/byte_stream.h"
#include "net/deadlines.h"
#include "net/memory_budget.h"
#include "net/turns.h"

namespace distiq {

struct SessionLimits {
  std::size_t header_bytes = 64 * 1024;
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header
  std::chrono::milliseconds idle_timeout{120'000};   // between requests
  std::chrono::milliseconds body_timeout{60'000};    // between two pieces of a request body
  std::chrono::milliseconds write_timeout{900'000};  // a client that does not read its answer
};

// What all sessions of an io thread share. Everything referenced outlives every session.
struct SessionShared {
  IoExecutor executor;
  Deadlines& deadlines;
  Turns& turns;
  MemoryBudget& budget;
  const SessionLimits& limits;
  const RequestHandler& handler;
  UpstreamConnector& upstream;
  // A whole answer in the client's own format for errors before there is a request to handle; closes the connection.
  const std::function<std::string(const Error&)>& error_response;
};

class ClientSession final : public ClientExchange {
 public:
  ClientSession(const SessionShared& shared, std::unique_ptr<ByteStream> stream);

  // Until the connection is closed. The session must live until it returns.
  Task<void> run();

  // Instead of run(): one error, read or not, and the end.
  Task<void> turn_away(Error error);

  // Shutdown: after the request under way, or at once if there is none.
  void drain();
  // Shutdown's limit has passed: closes everything now.
  void abort();

  const RequestHead& head() const override { return reader_->request_head(); }
  BodyFraming body_framing() const override { return reader_->framing(); }
  bool keep_alive() const override { return reader_->keep_alive() && !draining_; }
  ValueTask<Result<std::unique_ptr<BufferedBody>>> read_body(std::size_t limit) override;
  Task<Result<std::string_view>> read_piece() override;
  void stop_reading() override;
  void answer_ends_by_close() override { ends_by_close_ = true; }
  bool body_ended() const override { return reader_->finished() && piece_at_ == pieces_.size(); }
  ValueTask<Result<void>> write(std::span<const std::string_view> parts) override;
  void watch(Cancellation& cancellation) override;
  Task<void> next_turn() override { return shared_.turns.next(); }
  std::unique_ptr<HeadNotes>& head_notes() override { return head_notes_; }
  MonotonicTime request_started() const override { return request_started_; }

 private:
  class Body;

  Task<void> serve();
  void begin_request();
  // Empty: more has to be read first. Errors: client_gone also for a connection that simply ended.
  std::optional<Result<void>> take_head();
  Task<void> refuse(Error error);
  void deadline_passed();
  Task<void> close_after_answer();
  bool continue_is_due();  // at most once in a request
  Task<Result<void>> send_continue();
  Task<Result<void>> acquire(std::size_t bytes);
  std::unique_ptr<Body> make_body(std::size_t capacity);
  std::unique_ptr<BufferedBody> take_sized_body(std::size_t size);
  Task<Result<std::unique_ptr<BufferedBody>>> read_sized_body(std::size_t size);
  Task<Result<std::unique_ptr<BufferedBody>>> read_chunked_body(std::size_t limit);

  Task<Result<void>> write_rest();

  // The one reader of the socket: appends to input_, or waits for the read-ahead that is under way.
  Task<TransportResult<std::size_t>> fill();
  Task<TransportResult<std::size_t>> fill_unless_stopped();
  void note_read(const TransportResult<std::size_t>& n);
  void read_ahead();
  void read_ahead_ended(TransportResult<std::size_t> n);
  std::span<char> space();
  std::string_view input() const { return {buffer_.get() + start_, pending_}; }
  void consume(std::size_t n);
  void make_room();

  const SessionShared& shared_;
  std::unique_ptr<ByteStream> stream_;
  Deadlines::Entry deadline_;        // of reading
  Deadlines::Entry write_deadline_;  // apart: an upload reads while its answer is written
  Signal read_ahead_done_;
  std::optional<MessageReader> reader_;
  std::unique_ptr<HeadNotes> head_notes_;  // of reader_'s head
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t start_ = 0;  // unread bytes are [start_, start_ + pending_)
  std::size_t pending_ = 0;
  std::size_t held_ = 0;  // bytes under pieces_, dropped at the next read
  std::vector<std::string_view> pieces_;
  std::size_t piece_at_ = 0;
  MonotonicTime request_started_{};
  Cancellation* watcher_ = nullptr;
  std::optional<TransportFailure> input_ended_;
  bool reading_ahead_ = false;
  bool someone_waits_ = false;
  bool continue_sent_ = false;  // or not wanted any more
  bool stop_reading_ = false;
  bool ends_by_close_ = false;
  bool aborted_ = false;
  bool in_request_ = false;
  bool piece_out_ = false;  // an upload writes a piece upstream: deadline_ looks after the client meanwhile
  bool draining_ = false;
};

}  // namespace distiq
