// One request and its answer over one upstream connection. Runs on its io thread only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "http/signal.h"
#include "net/byte_stream.h"
#include "net/upstream_pool.h"

namespace distiq {

class StreamExchange final : public UpstreamExchange {
 public:
  // `home`: null if nobody wants the connection back.
  StreamExchange(std::unique_ptr<ByteStream> stream, bool reused, bool request_is_head, std::size_t header_limit,
                 std::shared_ptr<UpstreamPool::Link> home);
  ~StreamExchange() override;

  bool reused() const override { return reused_; }
  bool answer_started() const override { return answer_started_; }
  ValueTask<Result<void>> write(std::span<const std::string_view> parts) override;
  void start_write(std::span<const std::string_view> parts, const std::function<void()>& when_sent = nullptr) override;
  bool sent() const override { return pending_write_ == nullptr; }
  Task<void> settle() override;
  Task<Result<void>> read_head() override;
  const ResponseHead& head() const override { return reader_.response_head(); }
  BodyFraming framing() const override { return reader_.framing(); }
  ValueTask<Result<AnswerPiece>> read_piece() override;
  bool piece_ready() const override { return pending_ > 0 && !finished(); }
  bool finished() const override { return head_read_ && (reader_.finished() || ended_by_close_); }
  void close() noexcept override {
    closed_ = true;
    stream_->close();
  }

 private:
  // A write that start_write() began. It may outlive the exchange, when an exception unwinds past settle(): then it
  // keeps the stream that it writes to.
  struct PendingWrite {
    StreamExchange* owner;
    std::function<void()> when_sent;
    std::unique_ptr<ByteStream> orphan;
  };

  MessageReader new_reader() const;
  Result<void> written(TransportResult<std::size_t> written);
  Task<Result<void>> write_rest();
  void start_rest(const std::function<void()>& when_sent);
  static void tell(const std::function<void()>& when_sent);
  void write_ended(bool ok);
  // What has arrived; empty if that is not enough for a piece.
  std::optional<Result<AnswerPiece>> take_piece();
  Task<Result<AnswerPiece>> wait_for_piece();
  std::string_view pending() const { return {buffer_.get() + start_, pending_}; }
  void consume(std::size_t n);
  // Where the next read goes, and what it brought. No coroutine of their own: this is done for every piece.
  std::span<char> space();
  TransportResult<std::size_t> note_read(TransportResult<std::size_t> n);

  std::unique_ptr<ByteStream> stream_;
  std::shared_ptr<UpstreamPool::Link> home_;
  std::size_t header_limit_;
  bool request_is_head_;
  MessageReader reader_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t start_ = 0;  // unread bytes are [start_, start_ + pending_)
  std::size_t pending_ = 0;
  std::size_t held_ = 0;  // bytes of the piece handed out last, dropped at the next call
  std::vector<std::string_view> pieces_;
  bool reused_;
  bool answer_started_ = false;
  bool head_read_ = false;
  bool write_failed_ = false;
  PendingWrite* pending_write_ = nullptr;  // owned by the callback that ends it
  bool closed_ = false;
  Signal write_ended_;
  bool ended_by_close_ = false;
};

}  // namespace distiq
