#include "pipeline/answer_relay.h"

#include <charconv>

#include "http/message_writer.h"
#include "pipeline/request_bytes.h"

namespace distiq {
namespace {

// What the client must be told instead of upstream's Content-Length; nullopt: nothing else.
std::optional<std::uint64_t> grown_length(const ResponseHead& head, std::int64_t growth) {
  const auto field = head.headers.find("content-length");
  if (!field || growth == 0) return std::nullopt;
  std::int64_t length = 0;
  const auto parsed = std::from_chars(field->data(), field->data() + field->size(), length);
  if (parsed.ec != std::errc{} || length + growth < 0) return std::nullopt;
  return static_cast<std::uint64_t>(length + growth);
}

}  // namespace

AnswerRelay::AnswerRelay(UpstreamExchange& upstream, ClientExchange& client, Cancellation& cancellation,
                         std::string_view our_fields, AnswerObserver observer, std::optional<AnswerStart> held)
    : upstream_(upstream),
      client_(client),
      cancellation_(cancellation),
      observer_(std::move(observer)),
      held_(held),
      unchunk_(upstream.framing() == BodyFraming::chunked && client.head().version_minor == 0),
      rechunk_(held.has_value() && upstream.framing() == BodyFraming::chunked && !unchunk_),
      by_close_(unchunk_ || upstream.framing() == BodyFraming::until_close) {
  // The client's body may still be on its way: then the connection cannot serve another request.
  keep_alive_ = client.keep_alive() && client.body_ended() && !by_close_;
  const ClientFraming framing{unchunk_ ? BodyFraming::until_close : upstream.framing(), keep_alive_,
                              client.head().version_minor,
                              held ? grown_length(upstream.head(), held->growth) : std::nullopt};
  if (by_close_) client.answer_ends_by_close();
  head_ = client_response_head(upstream.head(), framing, our_fields);
}

Task<void> AnswerRelay::start() {
  return !held_ && upstream_.piece_ready() ? relay_piece(head_) : write_start();
}

Task<void> AnswerRelay::run() {
  while (outcome_ == Outcome::ok && !upstream_.finished()) co_await relay_piece({});
}

// The head and, if it was held, the start of the content; observers have seen it.
Task<void> AnswerRelay::write_start() {
  parts_.assign(1, head_);
  if (held_) {
    const AnswerPiece piece{held_->content, std::span(&held_->content, 1), upstream_.finished()};
    content_bytes_ += held_->content.size();
    add_content(piece);
  }
  auto writing = client_.write(parts_);
  if (!writing.ready()) writing = co_await writing.later();
  const auto written = writing.take();
  if (!written) client_left();
}

Task<void> AnswerRelay::relay_piece(std::string_view before) {
  auto reading = upstream_.read_piece();
  if (!reading.ready()) reading = co_await reading.later();
  const auto piece = reading.take();
  parts_.assign(1, before);
  if (!piece) {
    // The head has its own right to be seen: the cut comes after it, as upstream sent it.
    if (!before.empty()) co_await client_.write(parts_).task();
    const bool left = cancellation_.cancelled();
    outcome_ = left ? Outcome::client_gone : Outcome::upstream_cut;
    co_return;
  }
  add_content(*piece);
  auto writing = client_.write(parts_);
  if (!writing.ready()) writing = co_await writing.later();
  const auto written = writing.take();
  if (!written) co_return client_left();
  for (const std::string_view content : piece->content) {
    content_bytes_ += content.size();
    observer_(content);
  }
}

// Behind what stands in parts_.
void AnswerRelay::add_content(const AnswerPiece& piece) {
  if (rechunk_) {
    add_chunk(piece.content, piece.last);
  } else if (unchunk_) {
    parts_.insert(parts_.end(), piece.content.begin(), piece.content.end());
  } else {
    parts_.push_back(piece.wire);
  }
}

// As one chunk of ours.
void AnswerRelay::add_chunk(std::span<const std::string_view> content, bool last) {
  std::size_t size = 0;
  for (const std::string_view piece : content) size += piece.size();
  if (size > 0) {
    chunk_head_ = chunk_header(size);
    parts_.emplace_back(chunk_head_);
    parts_.insert(parts_.end(), content.begin(), content.end());
    parts_.push_back(chunk_end);
  }
  if (last) parts_.push_back(last_chunk);
}

void AnswerRelay::client_left() {
  outcome_ = Outcome::client_gone;
  upstream_.close();
}

Disposition AnswerRelay::disposition() const {
  if (outcome_ == Outcome::upstream_cut && by_close_) return Disposition::reset;
  return ended_cleanly() && keep_alive_ ? Disposition::keep_alive : Disposition::close;
}

}  // namespace distiq
