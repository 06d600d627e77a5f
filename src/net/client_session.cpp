#include "net/client_session.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <cstring>

namespace distiq {
namespace {

namespace asio = boost::asio;
constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<IoExecutor>{});

constexpr std::size_t first_read_size = 16 * 1024;  // a Claude Code head is 1.5 KB
constexpr std::size_t chunk_read_size = 64 * 1024;  // large uploads that stream through

// After an answer that ends the connection we keep reading for a moment: closing a socket with unread bytes sends RST,
// and RST destroys what the client has not read yet. 256 MB is the largest request the API itself takes.
constexpr std::size_t drain_bytes = 256u * 1024 * 1024;
constexpr auto drain_time = std::chrono::milliseconds(10'000);
constexpr auto farewell_time = std::chrono::milliseconds(1'000);

// How long a request waits for other requests' buffered bytes to go before it is told that we are overloaded.
constexpr auto budget_patience = std::chrono::milliseconds(30'000);
constexpr auto budget_poll = std::chrono::milliseconds(10);

// While upstream does not take a piece of an upload nobody reads here: how often we look whether the client is there.
constexpr auto peer_check_time = std::chrono::milliseconds(100);

Error gone() {
  return {ErrorKind::client_gone, "client left", {}};
}

Error body_too_large(std::size_t limit) {
  return {ErrorKind::too_large, "body over " + std::to_string(limit) + " bytes",
          "The request body is larger than the limit of " + std::to_string(limit) + " bytes."};
}

}  // namespace

class ClientSession::Body final : public BufferedBody {
 public:
  Body(MemoryBudget& budget, std::size_t capacity)
      : budget_(&budget), data_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}
  ~Body() override { Body::leave_budget(); }

  std::string_view bytes() const override { return {data_.get(), size_}; }
  void leave_budget() override {
    if (budget_ != nullptr) budget_->release(capacity_);
    budget_ = nullptr;
  }
  std::span<char> space() { return {data_.get() + size_, capacity_ - size_}; }
  void append(std::string_view bytes) {
    std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void grew(std::size_t n) { size_ += n; }
  // Requires: the budget already holds `capacity` for us.
  void move_to(std::size_t capacity) {
    capacity_ = capacity;  // first: what the budget holds is given back also if there is no memory
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
  }
  std::size_t capacity() const override { return capacity_; }

 private:
  MemoryBudget* budget_;
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_;
};

ClientSession::ClientSession(const SessionShared& shared, std::unique_ptr<ByteStream> stream)
    : shared_(shared),
      stream_(std::move(stream)),
      deadline_(shared.deadlines, [this] { deadline_passed(); }),
      write_deadline_(shared.deadlines, [this] { stream_->close(ends_by_close_); }) {}

Task<void> ClientSession::run() {
  std::exception_ptr failure;
  try {
    co_await serve();
  } catch (...) {
    failure = std::current_exception();
  }
  watcher_ = nullptr;
  stream_->close();
  while (reading_ahead_) co_await read_ahead_done_.wait();  // its callback uses this session
  if (failure) std::rethrow_exception(failure);
}

Task<void> ClientSession::turn_away(Error error) {
  co_await refuse(std::move(error));
  stream_->close();
}

void ClientSession::deadline_passed() {
  if (!piece_out_) {
    stream_->close(ends_by_close_);
  } else if (!stream_->peer_left()) {
    deadline_.arm(peer_check_time);
  } else if (watcher_) {
    watcher_->cancel();
  }
}

void ClientSession::drain() {
  draining_ = true;
  if (!in_request_) stream_->close();
}

void ClientSession::abort() {
  aborted_ = true;
  if (watcher_) watcher_->cancel();
  stream_->close(ends_by_close_);
}

void ClientSession::stop_reading() {
  stop_reading_ = true;
  read_ahead_done_.notify();
}

// --- one request -----------------------------------------------------------------------------------------------------

Task<void> ClientSession::serve() {
  while (true) {
    begin_request();
    auto head = take_head();
    while (!head) {
      if (!reading_ahead_) read_ahead();
      someone_waits_ = true;
      while (reading_ahead_) co_await read_ahead_done_.wait();
      someone_waits_ = false;
      head = take_head();
    }
    if (!*head) {
      if (head->error().kind != ErrorKind::client_gone) co_await refuse(head->error());
      co_return;
    }
    const Disposition disposition = co_await shared_.handler(*this, shared_.upstream);
    watcher_ = nullptr;
    piece_out_ = false;
    deadline_.disarm();
    const bool goes_on = disposition == Disposition::keep_alive && body_ended() && !draining_ && !input_ended_;
    if (!goes_on && disposition != Disposition::reset) co_return co_await close_after_answer();
    if (!goes_on) co_return stream_->close(/*reset=*/true);
    in_request_ = false;
    consume(std::exchange(held_, 0));
  }
}

void ClientSession::begin_request() {
  if (reader_) {
    reader_->next_request();
  } else {
    reader_ = MessageReader::for_request(shared_.limits.header_bytes);
  }
  pieces_.clear();
  piece_at_ = 0;
  continue_sent_ = false;
  stop_reading_ = false;
  ends_by_close_ = false;
  in_request_ = false;
  deadline_.arm(shared_.limits.idle_timeout);
}

std::optional<Result<void>> ClientSession::take_head() {
  if (pending_ > 0) {
    const bool first_bytes = !std::exchange(in_request_, true);
    if (first_bytes) request_started_ = shared_.deadlines.now();
    const auto fed = reader_->feed_head(input());
    if (fed) consume(fed->consumed);
    if (fed && reader_->head_done()) {
      deadline_.disarm();
      if (!reader_->head_is_repeated()) head_notes_.reset();
      return Result<void>{};
    }
    if (first_bytes) deadline_.arm(shared_.limits.header_timeout);
    if (!fed) return std::unexpected(fed.error());
  } else if (draining_ && !in_request_) {
    return std::unexpected(gone());
  }
  if (input_ended_) return std::unexpected(gone());
  return std::nullopt;
}

Task<void> ClientSession::refuse(Error error) {
  const std::string answer = shared_.error_response(error);
  const std::string_view part = answer;
  const auto written = co_await write(std::span(&part, 1)).task();
  if (written) co_await close_after_answer();
}

Task<void> ClientSession::close_after_answer() {
  stream_->shutdown_send();
  const bool body_pending = reader_ && reader_->head_done() && !reader_->finished();
  deadline_.arm(body_pending ? drain_time : farewell_time);
  std::size_t drained = 0;
  while (drained < drain_bytes && !input_ended_) {
    start_ = pending_ = held_ = 0;
    const auto n = co_await fill();
    if (!n) break;
    drained += *n;
  }
  deadline_.disarm();
  stream_->close();
}

// --- the request body ------------------------------------------------------------------------------------------------

bool ClientSession::continue_is_due() {
  return !std::exchange(continue_sent_, true) && pending_ == 0 && head().version_minor >= 1 &&
         head().headers.has_token("expect", "100-continue");
}

Task<Result<void>> ClientSession::send_continue() {
  const std::string_view part = "HTTP/1.1 100 Continue\r\n\r\n";
  co_return co_await write(std::span(&part, 1)).task();
}

Task<Result<void>> ClientSession::acquire(std::size_t bytes) {
  const MonotonicTime give_up = shared_.deadlines.now() + budget_patience;
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
  std::optional<Timer> timer;
  while (!shared_.budget.try_acquire(bytes)) {
    if (aborted_ || stream_->peer_left()) co_return std::unexpected(gone());
    if (bytes > shared_.budget.limit() || shared_.deadlines.now() > give_up) {
      co_return fail(ErrorKind::overloaded, "buffer budget used up",
                     "Too many large requests at once; try again in a moment.");
    }
    if (!timer) timer.emplace(shared_.executor);
    timer->expires_after(budget_poll);
    co_await timer->async_wait(use_task);
  }
  co_return Result<void>{};
}

ValueTask<Result<std::unique_ptr<BufferedBody>>> ClientSession::read_body(std::size_t limit) {
  if (reader_->framing() == BodyFraming::chunked) return read_chunked_body(limit);
  const std::uint64_t announced = reader_->remaining();
  if (announced > limit) return std::unexpected(body_too_large(limit));
  const auto size = static_cast<std::size_t>(announced);
  const bool has_come = size > 0 && size <= pending_;
  if (has_come && shared_.budget.try_acquire(size)) return take_sized_body(size);
  return read_sized_body(size);
}

// Requires: the budget holds `capacity` for it.
std::unique_ptr<ClientSession::Body> ClientSession::make_body(std::size_t capacity) try {
  return std::make_unique<Body>(shared_.budget, capacity);
} catch (...) {
  shared_.budget.release(capacity);
  throw;
}

// All of it came with its head.
std::unique_ptr<BufferedBody> ClientSession::take_sized_body(std::size_t size) {
  auto body = make_body(size);
  continue_sent_ = true;  // the client did not wait for it
  const auto fed = reader_->feed_body(input(), pieces_);
  for (const std::string_view piece : pieces_) body->append(piece);
  consume(fed->consumed);
  pieces_.clear();
  return body;
}

Task<Result<std::unique_ptr<BufferedBody>>> ClientSession::read_sized_body(std::size_t size) {
  if (!shared_.budget.try_acquire(size)) {
    const auto granted = co_await acquire(size);
    if (!granted) co_return std::unexpected(granted.error());
  }
  auto body = make_body(size);
  if (continue_is_due()) {
    const auto go_on = co_await send_continue();
    if (!go_on) co_return std::unexpected(go_on.error());
  }
  while (!reader_->finished()) {
    if (pending_ > 0) {
      pieces_.clear();
      const auto fed = reader_->feed_body(input(), pieces_);
      for (const std::string_view piece : pieces_) body->append(piece);
      consume(fed->consumed);
      continue;
    }
    deadline_.arm(shared_.limits.body_timeout);
    if (reading_ahead_) {
      const auto n = co_await fill();
      if (!n) co_return std::unexpected(gone());
      continue;
    }
    // Straight into its place: no copy for what has not been read yet.
    const auto n = co_await stream_->read_some(body->space());
    if (!n) co_return std::unexpected(gone());
    pieces_.clear();
    const std::string_view arrived(body->space().data(), *n);
    const auto fed = reader_->feed_body(arrived, pieces_);
    if (!fed) co_return std::unexpected(fed.error());
    body->grew(*n);
  }
  pieces_.clear();
  piece_at_ = 0;
  deadline_.disarm();
  co_return std::unique_ptr<BufferedBody>(std::move(body));
}

Task<Result<std::unique_ptr<BufferedBody>>> ClientSession::read_chunked_body(std::size_t limit) {
  std::size_t capacity = std::min(limit, chunk_read_size);
  auto granted = co_await acquire(capacity);
  if (!granted) co_return std::unexpected(granted.error());
  auto body = make_body(capacity);
  std::size_t total = 0;
  while (true) {
    const auto piece = co_await read_piece();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    total += piece->size();
    if (total > limit) co_return std::unexpected(body_too_large(limit));
    if (total > capacity) {
      const std::size_t larger = std::min(limit, std::max(total, capacity * 2));
      granted = co_await acquire(larger - capacity);
      if (!granted) co_return std::unexpected(granted.error());
      body->move_to(larger);
      capacity = larger;
    }
    body->append(*piece);
  }
  co_return std::unique_ptr<BufferedBody>(std::move(body));
}

Task<Result<std::string_view>> ClientSession::read_piece() {
  piece_out_ = false;
  while (true) {
    while (piece_at_ < pieces_.size()) {
      const std::string_view piece = pieces_[piece_at_++];
      if (piece.empty()) continue;
      if (watcher_) {
        piece_out_ = true;
        deadline_.arm(peer_check_time);
      }
      co_return piece;
    }
    deadline_.disarm();
    consume(std::exchange(held_, 0));
    pieces_.clear();
    piece_at_ = 0;
    if (reader_->finished()) {
      deadline_.disarm();
      if (watcher_) watch(*watcher_);
      co_return std::string_view{};
    }
    if (stop_reading_) co_return fail(ErrorKind::cancelled, "the rest of the body is not wanted");
    if (pending_ > 0) {
      continue_sent_ = true;  // the client did not wait for it
      const auto fed = reader_->feed_body(input(), pieces_);
      if (!fed) co_return std::unexpected(fed.error());
      held_ = fed->consumed;
      if (held_ > 0) continue;
    }
    if (continue_is_due()) {
      const auto go_on = co_await send_continue();
      if (!go_on) co_return std::unexpected(go_on.error());
    }
    deadline_.arm(shared_.limits.body_timeout);
    const auto n = co_await fill_unless_stopped();
    deadline_.disarm();
    if (stop_reading_) continue;
    if (!n) {
      if (watcher_) watcher_->cancel();
      co_return std::unexpected(gone());
    }
  }
}

// --- the socket ------------------------------------------------------------------------------------------------------

ValueTask<Result<void>> ClientSession::write(std::span<const std::string_view> parts) {
  continue_sent_ = true;  // an answer has begun: 100 Continue would land inside it
  const auto written = stream_->write_now(parts);
  if (!written) return write_rest();
  if (!*written) return std::unexpected(gone());
  return Result<void>{};
}

Task<Result<void>> ClientSession::write_rest() {
  write_deadline_.arm(shared_.limits.write_timeout);
  const auto written = co_await stream_->write_rest();
  write_deadline_.disarm();
  if (!written) co_return std::unexpected(gone());
  co_return Result<void>{};
}

void ClientSession::watch(Cancellation& cancellation) {
  watcher_ = &cancellation;
  if (input_ended_) {
    cancellation.cancel();
    return;
  }
  if (!reader_->finished() || reading_ahead_) return;
  read_ahead();
}

// While an answer is relayed: the next request's bytes are kept, the end of the connection is told at once. A callback
// and not a coroutine: it runs beside every request, and most of the time nothing comes of it.
void ClientSession::read_ahead() {
  make_room();
  reading_ahead_ = true;
  try {
    stream_->start_read(space(), [this](TransportResult<std::size_t> n) { read_ahead_ended(n); });
  } catch (...) {
    reading_ahead_ = false;  // nothing will end it
    throw;
  }
}

void ClientSession::read_ahead_ended(TransportResult<std::size_t> n) {
  reading_ahead_ = false;
  note_read(n);
  if (!n && watcher_) watcher_->cancel();
  const bool room_left = pending_ < shared_.limits.header_bytes;
  if (n && watcher_ && room_left && !someone_waits_) read_ahead();
  read_ahead_done_.notify();
}

Task<TransportResult<std::size_t>> ClientSession::fill() {
  if (reading_ahead_) {
    const std::size_t before = pending_;
    someone_waits_ = true;
    while (reading_ahead_) co_await read_ahead_done_.wait();
    someone_waits_ = false;
    if (pending_ > before) co_return pending_ - before;
  }
  if (input_ended_) co_return std::unexpected(*input_ended_);
  make_room();
  const auto n = co_await stream_->read_some(space());
  note_read(n);
  co_return n;
}

// By way of the read-ahead, which may stay under way when nobody waits for it any more.
Task<TransportResult<std::size_t>> ClientSession::fill_unless_stopped() {
  const std::size_t before = pending_;
  if (!reading_ahead_ && !input_ended_) read_ahead();
  someone_waits_ = true;
  while (reading_ahead_ && !stop_reading_) co_await read_ahead_done_.wait();
  someone_waits_ = false;
  if (pending_ > before || stop_reading_) co_return pending_ - before;
  co_return std::unexpected(input_ended_.value_or(TransportFailure::cancelled));
}

void ClientSession::note_read(const TransportResult<std::size_t>& n) {
  if (n) {
    pending_ += *n;
  } else {
    input_ended_ = n.error();
  }
}

std::span<char> ClientSession::space() {
  return {buffer_.get() + start_ + pending_, capacity_ - start_ - pending_};
}

void ClientSession::consume(std::size_t n) {
  start_ += n;
  pending_ -= n;
  if (pending_ == 0 && !reading_ahead_) start_ = 0;
}

// Only when nothing reads into the buffer: views of pieces are dropped before every read.
void ClientSession::make_room() {
  if (!buffer_) {
    capacity_ = first_read_size;
    buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  if (start_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + start_, pending_);
    start_ = 0;
  }
  const bool streams_a_body = reader_ && reader_->head_done() && !reader_->finished();
  const std::size_t wanted = streams_a_body ? chunk_read_size : pending_ + 1;
  if (wanted <= capacity_) return;
  std::size_t larger_capacity = std::max(capacity_ * 2, wanted);
  auto larger = std::make_unique_for_overwrite<char[]>(larger_capacity);
  std::memcpy(larger.get(), buffer_.get(), pending_);
  buffer_ = std::move(larger);
  capacity_ = larger_capacity;
}

}  // namespace distiq
