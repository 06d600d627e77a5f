// Streaming decoders for Content-Encoding, for the meter's own copy of an answer: what the client gets is never
// decoded. Memory is bounded: windows of br and zstd may take 8 MB, larger ones are refused as broken. One owner at a
// time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace distiq {

inline constexpr std::size_t kMaxDecoderWindowBytes = std::size_t{8} << 20U;

class BodyDecoder {
 public:
  virtual ~BodyDecoder() = default;
  BodyDecoder() = default;
  BodyDecoder(const BodyDecoder&) = delete;
  BodyDecoder& operator=(const BodyDecoder&) = delete;

  // Consumes from the front of `in` and writes decoded bytes to `out`; returns how many, or nullopt when the bytes are
  // not of this coding (then the decoder must not be used again). Call until `in` is empty and less than all of `out`
  // was used.
  [[nodiscard]] virtual std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) = 0;
  // True if the coded stream reached its own end: false at the end of the body means that it was cut.
  [[nodiscard]] virtual bool ended() const = 0;
};

enum class BodyCoding { identity, gzip, deflate, brotli, zstd, unknown };

// The value of a Content-Encoding header, absent = "". More than one coding is `unknown`: nobody sends it.
[[nodiscard]] BodyCoding body_coding_from(std::string_view content_encoding);

// nullptr for identity and unknown, and when memory is short.
[[nodiscard]] std::unique_ptr<BodyDecoder> make_body_decoder(BodyCoding coding);

}  // namespace distiq
