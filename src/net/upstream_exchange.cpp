#include "net/upstream_exchange.h"

#include <cstring>

namespace distiq {
namespace {

// One read of an answer. Large enough that a fast answer is few system calls, small enough for 256 streams.
constexpr std::size_t read_size = 16 * 1024;

Error broken(TransportFailure failure, const char* when) {
  if (failure == TransportFailure::cancelled) return {ErrorKind::cancelled, "upstream exchange closed", {}};
  const char* how = failure == TransportFailure::eof ? "closed the connection " : "broke the connection ";
  return {ErrorKind::upstream_broke, std::string("upstream ") + how + when, std::string("The API ") + how + when + "."};
}

}  // namespace

StreamExchange::StreamExchange(std::unique_ptr<ByteStream> stream, bool reused, bool request_is_head,
                               std::size_t header_limit, std::shared_ptr<UpstreamPool::Link> home)
    : stream_(std::move(stream)),
      home_(std::move(home)),
      header_limit_(header_limit),
      request_is_head_(request_is_head),
      reader_(new_reader()),
      buffer_(std::make_unique_for_overwrite<char[]>(read_size)),
      capacity_(read_size),
      reused_(reused) {}

MessageReader StreamExchange::new_reader() const {
  return MessageReader::for_response(header_limit_, request_is_head_, home_ ? &home_->answers : nullptr);
}

StreamExchange::~StreamExchange() {
  if (pending_write_ != nullptr) {
    // The bytes it was given die with us: a closed stream never looks at them again.
    stream_->close();
    pending_write_->owner = nullptr;
    pending_write_->orphan = std::move(stream_);
    return;
  }
  const bool clean =
      finished() && !closed_ && reader_.keep_alive() && !write_failed_ && !ended_by_close_ && pending_ == held_;
  if (clean && home_ && home_->pool) home_->pool->give_back(std::move(stream_));
}

ValueTask<Result<void>> StreamExchange::write(std::span<const std::string_view> parts) {
  if (const auto done = stream_->write_now(parts)) return written(*done);
  return write_rest();
}

Task<Result<void>> StreamExchange::write_rest() {
  co_return written(co_await stream_->write_rest());
}

Result<void> StreamExchange::written(TransportResult<std::size_t> written) {
  if (written) return {};
  write_failed_ = true;
  return std::unexpected(broken(written.error(), "while the request was sent"));
}

void StreamExchange::start_write(std::span<const std::string_view> parts, const std::function<void()>& when_sent) {
  const auto written = stream_->write_now(parts);
  if (!written) return start_rest(when_sent);
  write_failed_ = !*written;
  if (*written) tell(when_sent);
}

void StreamExchange::tell(const std::function<void()>& when_sent) {
  try {
    if (when_sent) when_sent();
  } catch (const std::exception&) {
    // Out of memory, at worst: what it would have done is missing, the request is on its way.
  }
}

void StreamExchange::start_rest(const std::function<void()>& when_sent) {
  auto pending = std::make_unique<PendingWrite>(this, when_sent, nullptr);
  pending_write_ = pending.get();
  try {
    stream_->start_rest([pending = std::move(pending)](TransportResult<std::size_t> written) {
      if (pending->owner == nullptr) return;
      if (written) tell(pending->when_sent);
      pending->owner->write_ended(written.has_value());  // whoever waits may destroy us now
    });
  } catch (...) {
    pending_write_ = nullptr;  // nothing is under way
    closed_ = true;
    throw;
  }
}

void StreamExchange::write_ended(bool ok) {
  pending_write_ = nullptr;
  write_failed_ = !ok;
  write_ended_.notify();
}

Task<void> StreamExchange::settle() {
  if (pending_write_ != nullptr) stream_->close();
  while (pending_write_ != nullptr) co_await write_ended_.wait();
}

void StreamExchange::consume(std::size_t n) {
  start_ += n;
  pending_ -= n;
  if (pending_ == 0) start_ = 0;
}

std::span<char> StreamExchange::space() {
  if (start_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + start_, pending_);
    start_ = 0;
  }
  if (pending_ == capacity_) {
    // A head or chunk line longer than a read: the parser's limits end this long before memory does.
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
    std::memcpy(larger.get(), buffer_.get(), pending_);
    buffer_ = std::move(larger);
    capacity_ *= 2;
  }
  return {buffer_.get() + pending_, capacity_ - pending_};
}

TransportResult<std::size_t> StreamExchange::note_read(TransportResult<std::size_t> n) {
  if (n) {
    pending_ += *n;
    answer_started_ = true;
  }
  return n;
}

Task<Result<void>> StreamExchange::read_head() {
  while (true) {
    if (pending_ > 0) {
      const auto fed = reader_.feed_head(pending());
      if (!fed) {
        co_return fail(ErrorKind::upstream_broke, "answer head: " + fed.error().log_detail,
                       "The API's answer is not valid HTTP.");
      }
      consume(fed->consumed);
      if (reader_.head_done()) {
        const int status = reader_.response().status;
        if (status >= 200 || status == 101) break;
        reader_ = new_reader();  // 1xx is not the answer
        continue;
      }
    }
    const auto n = note_read(co_await stream_->read_some(space()));
    if (!n) co_return std::unexpected(broken(n.error(), "before it answered"));
  }
  head_read_ = true;
  co_return Result<void>{};
}

std::optional<Result<AnswerPiece>> StreamExchange::take_piece() {
  if (pending_ == 0) return std::nullopt;
  pieces_.clear();
  const std::string_view input = pending();
  const auto fed = reader_.feed_body(input, pieces_);
  if (!fed) {
    return fail(ErrorKind::upstream_broke, "answer body: " + fed.error().log_detail,
                "The API's answer is not valid HTTP.");
  }
  if (fed->consumed == 0) return std::nullopt;
  held_ = fed->consumed;
  return AnswerPiece{input.substr(0, fed->consumed), pieces_, fed->finished};
}

ValueTask<Result<AnswerPiece>> StreamExchange::read_piece() {
  consume(std::exchange(held_, 0));
  if (auto piece = take_piece()) return *std::move(piece);
  return wait_for_piece();
}

Task<Result<AnswerPiece>> StreamExchange::wait_for_piece() {
  while (true) {
    const auto n = note_read(co_await stream_->read_some(space()));
    if (n) {
      if (auto piece = take_piece()) co_return *std::move(piece);
      continue;
    }
    if (n.error() == TransportFailure::eof && reader_.eof_completes()) {
      ended_by_close_ = true;
      co_return AnswerPiece{{}, {}, true};
    }
    co_return std::unexpected(broken(n.error(), "in the middle of its answer"));
  }
}

}  // namespace distiq
