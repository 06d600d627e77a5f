// A buffered request as the list of byte ranges that goes to the socket: nothing is copied together.
// Borrows head and body. Runs on the io thread of its session.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message_reader.h"

namespace distiq {

class RequestBytes {
 public:
  // A body that came in chunks leaves as one chunk: the header that promises chunks is the client's and stays.
  RequestBytes(std::string_view head, std::string_view body, BodyFraming framing);
  // The body in pieces, none of them empty.
  RequestBytes(std::string_view head, std::span<const std::string_view> body, BodyFraming framing);
  RequestBytes(const RequestBytes&) = delete;
  RequestBytes& operator=(const RequestBytes&) = delete;

  [[nodiscard]] std::span<const std::string_view> parts() const { return parts_; }

 private:
  std::string chunk_head_;
  std::vector<std::string_view> parts_;
};

// "1f\r\n": what stands before a chunk of `size` bytes.
[[nodiscard]] std::string chunk_header(std::size_t size);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace distiq
