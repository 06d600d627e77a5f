// HTTP/1.1 message parsing without I/O: bytes in, a head and then pieces of body out. One reader per answer, or for the
// requests of a connection one after another.
// Wraps Beast's parser (the only place that does), because Beast's own containers reorder repeated fields.
// One owner at a time; no locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/chunk_reader.h"
#include "http/exchange.h"
#include "http/head_shape.h"
#include "http/repeated_head.h"

namespace distiq {

// What one call of feed() found.
struct FeedResult {
  std::size_t consumed =
      0;                  // bytes to drop from the front of the input; the rest must be fed again with more behind it
  bool finished = false;  // the message is complete
};

class MessageReader {
 public:
  // `header_limit` in bytes for start line and fields together.
  static MessageReader for_request(std::size_t header_limit);
  // `request_was_head`: the answer has no body whatever its fields say. `shapes`, if any: of this server's answers
  // before; must outlive the reader.
  static MessageReader for_response(std::size_t header_limit, bool request_was_head, HeadShapes* shapes = nullptr);

  MessageReader(MessageReader&&) noexcept;
  MessageReader& operator=(MessageReader&&) noexcept;
  ~MessageReader();

  // Requires: a reader of requests. What follows is another request of the same peer.
  void next_request();

  // Until head_done(): consumes whole lines of the head, never body bytes. Errors: client_fault (not HTTP, or a shape
  // used for smuggling: both framings, folded lines, bare LF, NUL), header_too_large. After an error: drop the
  // peer.
  [[nodiscard]] Result<FeedResult> feed_head(std::string_view input);
  [[nodiscard]] bool head_done() const { return head_done_; }
  // Requires: head_done(). The head is that of the request before but for the number in Content-Length, and
  // request_head() is the same object, views into it included.
  [[nodiscard]] bool head_is_repeated() const { return head_is_repeated_; }

  // Requires: head_done(). Appends views into `input` to `pieces`. Same errors but for header_too_large.
  [[nodiscard]] Result<FeedResult> feed_body(std::string_view input, std::vector<std::string_view>& pieces);
  // The peer closed its side. True: that is how this message ends; false: it was cut.
  [[nodiscard]] bool eof_completes() const { return framing_ == BodyFraming::until_close; }

  [[nodiscard]] BodyFraming framing() const { return framing_; }
  // For BodyFraming::content_length: bytes of body still to come.
  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }
  [[nodiscard]] bool finished() const { return finished_; }
  // What the message itself says about reusing the connection after it.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }

  [[nodiscard]] RequestHead& request() { return request_; }
  [[nodiscard]] const RequestHead& request_head() const { return request_; }
  [[nodiscard]] ResponseHead& response() { return response_; }
  [[nodiscard]] const ResponseHead& response_head() const { return response_; }

 private:
  struct Parser;
  MessageReader();
  [[nodiscard]] std::size_t blank_prefix(std::string_view input) const;
  // The request's head again that was read before, or an answer's of a known shape: how many bytes; 0: another.
  std::size_t read_again(std::string_view input);
  std::size_t read_known(std::string_view input);
  void start_parser();

  std::unique_ptr<Parser> parser_;  // while a head is read
  RepeatedHead head_before_;        // of a request
  HeadShapes* shapes_ = nullptr;    // of answers; null: none are known
  ChunkReader chunks_;
  RequestHead request_;
  ResponseHead response_;
  std::uint64_t remaining_ = 0;
  std::size_t header_limit_ = 0;
  std::size_t head_bytes_ = 0;
  BodyFraming framing_ = BodyFraming::none;
  bool is_request_ = true;
  bool request_was_head_ = false;
  bool blank_may_go_on_ = false;
  bool head_done_ = false;
  bool head_is_repeated_ = false;
  bool finished_ = false;
  bool keep_alive_ = false;
};

}  // namespace distiq
