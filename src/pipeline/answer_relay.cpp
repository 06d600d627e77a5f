#include "pipeline/answer_relay.h"

#include "http/message_writer.h"

namespace distiq {

AnswerRelay::AnswerRelay(UpstreamExchange& upstream, ClientExchange& client, Cancellation& cancellation,
                         const HeaderList& our_fields, AnswerObserver observer)
    : upstream_(upstream),
      client_(client),
      cancellation_(cancellation),
      observer_(std::move(observer)),
      unchunk_(upstream.framing() == BodyFraming::chunked && client.head().version_minor == 0),
      by_close_(unchunk_ || upstream.framing() == BodyFraming::until_close) {
  // The client's body may still be on its way: then the connection cannot serve another request.
  keep_alive_ = client.keep_alive() && client.body_ended() && !by_close_;
  const ClientFraming framing{unchunk_ ? BodyFraming::until_close : upstream.framing(), keep_alive_,
                              client.head().version_minor};
  if (by_close_) client.answer_ends_by_close();
  head_ = client_response_head(upstream.head(), framing, our_fields);
}

Task<void> AnswerRelay::start() {
  if (upstream_.piece_ready()) {
    co_await relay_piece(head_);
  } else {
    const std::string_view head = head_;
    const auto written = co_await client_.write(std::span(&head, 1));
    if (!written) client_left();
  }
}

Task<void> AnswerRelay::run() {
  while (outcome_ == Outcome::ok && !upstream_.finished()) co_await relay_piece({});
}

Task<void> AnswerRelay::relay_piece(std::string_view before) {
  const auto piece = co_await upstream_.read_piece();
  parts_.assign(1, before);
  if (!piece) {
    // The head has its own right to be seen: the cut comes after it, as upstream sent it.
    if (!before.empty()) co_await client_.write(parts_);
    const bool left = cancellation_.cancelled();
    outcome_ = left ? Outcome::client_gone : Outcome::upstream_cut;
    co_return;
  }
  if (unchunk_) {
    parts_.insert(parts_.end(), piece->content.begin(), piece->content.end());
  } else {
    parts_.push_back(piece->wire);
  }
  const auto written = co_await client_.write(parts_);
  if (!written) {
    client_left();
    co_return;
  }
  for (const std::string_view content : piece->content) {
    content_bytes_ += content.size();
    observer_(content);
  }
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
