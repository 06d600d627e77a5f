#include "pipeline/request_bytes.h"

#include <fmt/format.h>

namespace distiq {

std::string chunk_header(std::size_t size) {
  return fmt::format("{:x}\r\n", size);
}

RequestBytes::RequestBytes(std::string_view head, std::string_view body, BodyFraming framing) {
  parts_[count_++] = head;
  if (framing != BodyFraming::chunked) {
    parts_[count_++] = body;
    return;
  }
  if (body.empty()) {
    parts_[count_++] = last_chunk;
    return;
  }
  static constexpr std::string_view chunk_end_and_last = "\r\n0\r\n\r\n";
  chunk_head_ = chunk_header(body.size());
  parts_[count_++] = chunk_head_;
  parts_[count_++] = body;
  parts_[count_++] = chunk_end_and_last;
}

}  // namespace distiq
