#include "pipeline/request_bytes.h"

#include <fmt/format.h>

namespace distiq {

std::string chunk_header(std::size_t size) {
  return fmt::format("{:x}\r\n", size);
}

RequestBytes::RequestBytes(std::string_view head, std::string_view body, BodyFraming framing)
    : RequestBytes(head, std::span(&body, body.empty() ? 0 : 1), framing) {}

RequestBytes::RequestBytes(std::string_view head, std::span<const std::string_view> body, BodyFraming framing) {
  parts_.reserve(body.size() + 3);
  parts_.push_back(head);
  std::size_t size = 0;
  for (const std::string_view piece : body) size += piece.size();
  if (framing == BodyFraming::chunked && size > 0) {
    chunk_head_ = chunk_header(size);
    parts_.emplace_back(chunk_head_);
  }
  parts_.insert(parts_.end(), body.begin(), body.end());
  if (framing != BodyFraming::chunked) return;
  static constexpr std::string_view chunk_end_and_last = "\r\n0\r\n\r\n";
  parts_.push_back(size > 0 ? chunk_end_and_last : last_chunk);
}

}  // namespace distiq
