// HTTP/1.1 as values: what a client sent and what it is to get. No sockets here. Plain data, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

struct Header {
  std::string name;
  std::string value;
};

using HeaderList = std::vector<Header>;

// Value of the first header of that name (case-insensitive); empty when absent.
std::string_view find_header(const HeaderList& headers, std::string_view name);
bool has_header(const HeaderList& headers, std::string_view name);
bool equals_ignoring_case(std::string_view a, std::string_view b);

struct Request {
  std::string method;
  std::string target;  // as sent, query included
  int version_minor = 1;
  HeaderList headers;  // wire order and case
  std::string body;    // decoded from chunks; empty when `body_bytes` went over the limit
  std::uint64_t body_bytes = 0;
  std::uint64_t connection = 0;  // number of the TCP connection, from 1

  std::string_view path() const;
  std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

// Parses "METHOD target HTTP/1.x" and the header lines, without the blank line's end. nullopt on anything malformed.
std::optional<Request> parse_request_head(std::string_view head);

// Decodes a chunked request body piece by piece.
class ChunkedDecoder {
 public:
  // Appends decoded bytes to `out` (dropped beyond `limit`, still counted) and returns how many bytes of `in` were
  // used.
  std::size_t feed(std::string_view in, std::string& out, std::uint64_t limit);
  bool done() const { return state_ == State::done; }
  bool failed() const { return state_ == State::failed; }
  std::uint64_t decoded() const { return decoded_; }

 private:
  enum class State { size_line, data, data_end, trailer, done, failed };
  void finish_line();
  void take_size_line();

  State state_ = State::size_line;
  std::string line_;
  std::uint64_t left_ = 0;
  std::uint64_t decoded_ = 0;
};

// One write of an answer's body: an SSE event, or a whole document.
struct Piece {
  std::string bytes;
  std::uint32_t delay_ms = 0;             // waited before it is written
  std::int64_t output_tokens_so_far = 0;  // what is billed when the client leaves after this piece
};

}  // namespace sim
