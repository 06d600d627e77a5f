// Reads one HTTP/1.1 message after another from bytes cut anywhere. Knows only what the bench needs: Content-Length,
// chunked and until-close bodies. Not a validating parser.
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace distiq::bench {

enum class MessageKind { request, response };

class HttpReader {
 public:
  using BodySink = std::function<void(std::string_view)>;

  // `on_body` gets the decoded body piece by piece; views are valid during the call.
  HttpReader(MessageKind kind, BodySink on_body) : kind_(kind), on_body_(std::move(on_body)) {}

  // Takes bytes up to the end of the current message; returns how many. After done() call next() first.
  std::size_t consume(std::string_view bytes);
  // The peer closed: completes a body that is delimited by close.
  void end_of_stream();
  // Forgets the finished message.
  void next();

  [[nodiscard]] bool head_done() const { return state_ > State::head; }
  [[nodiscard]] bool done() const { return state_ == State::done; }
  [[nodiscard]] bool failed() const { return state_ == State::failed; }
  // True between messages: nothing of the next one has come.
  [[nodiscard]] bool idle() const { return state_ == State::head && head_.empty(); }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string_view head() const { return head_; }
  // First header of that name (any case), without surrounding blanks.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;

 private:
  enum class State { head, body_sized, body_until_close, chunk_size, chunk_data, chunk_end, trailer, done, failed };

  std::size_t take_head(std::string_view bytes);
  void begin_body();
  std::size_t take_line(std::string_view bytes);
  void end_line();

  MessageKind kind_;
  BodySink on_body_;
  State state_ = State::head;
  std::string head_;
  std::string line_;
  std::uint64_t left_ = 0;
  int status_ = 0;
};

}  // namespace distiq::bench
