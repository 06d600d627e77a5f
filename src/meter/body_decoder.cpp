#include "meter/body_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <string>

#include "http/header_list.h"

namespace distiq {
namespace {

Bytef* as_zlib(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib's interface predates const
}

// gzip with any number of members, zlib, or (window_bits < 0) raw deflate.
class InflateDecoder final : public BodyDecoder {
 public:
  explicit InflateDecoder(bool is_gzip) : is_gzip_(is_gzip) {}
  ~InflateDecoder() override {
    if (started_) inflateEnd(&stream_);
  }

  std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    if (in.empty() && !started_) return 0;
    if (!started_ && !start(in.front())) return std::nullopt;
    if (ended_ && !in.empty() && !start_next_member(in)) return 0;
    stream_.next_in = as_zlib(in);
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    ended_ = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return std::nullopt;
    return out.size() - stream_.avail_out;
  }

  [[nodiscard]] bool ended() const override { return ended_; }

 private:
  bool start(char first_byte) {
    // "deflate" means zlib in the standard and raw deflate in some servers. A zlib stream begins with method 8; as raw
    // deflate that nibble would be a final bit of 0 with a stored block, which no encoder starts with.
    const bool is_zlib = (static_cast<unsigned char>(first_byte) & 0x0FU) == 8;
    const int window_bits = is_gzip_ ? 15 + 16 : (is_zlib ? 15 : -15);
    started_ = inflateInit2(&stream_, window_bits) == Z_OK;
    return started_;
  }

  // False: what follows is padding, which is dropped.
  bool start_next_member(std::string_view& in) {
    if (is_gzip_ && !padding_ && in.front() == '\x1f' && inflateReset(&stream_) == Z_OK) return true;
    padding_ = true;  // to the end of the body, whatever it looks like
    in = {};
    return false;
  }

  z_stream stream_{};
  bool is_gzip_;
  bool started_ = false;
  bool ended_ = false;
  bool padding_ = false;
};

// Brotli has no limit for its window, which grows with the output: its allocations are limited instead. While the
// window doubles, the old one is still there.
class BrotliDecoder final : public BodyDecoder {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(&BrotliDecoder::allocate, &BrotliDecoder::release, this)) {}
  ~BrotliDecoder() override {
    if (state_ != nullptr) BrotliDecoderDestroyInstance(state_);
  }
  [[nodiscard]] bool usable() const { return state_ != nullptr; }

  std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    if (ended()) {
      in = {};
      return 0;
    }
    std::size_t in_left = in.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t out_left = out.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const auto status = BrotliDecoderDecompressStream(state_, &in_left, &next_in, &out_left, &next_out, nullptr);
    in.remove_prefix(in.size() - in_left);
    if (status == BROTLI_DECODER_RESULT_ERROR) return std::nullopt;
    return out.size() - out_left;
  }

  [[nodiscard]] bool ended() const override { return BrotliDecoderIsFinished(state_) == BROTLI_TRUE; }

 private:
  static constexpr std::size_t kTableBytes = std::size_t{1} << 20U;  // Huffman tables and the state: far below this
  static constexpr std::size_t kHeader = alignof(std::max_align_t);

  static void* allocate(void* self, std::size_t size) {
    auto& in_use = static_cast<BrotliDecoder*>(self)->in_use_;
    if (size > kMaxDecoderWindowBytes + kMaxDecoderWindowBytes / 2 + kTableBytes - in_use) return nullptr;
    auto* block = static_cast<std::size_t*>(std::malloc(size + kHeader));
    if (block == nullptr) return nullptr;
    *block = size;
    in_use += size;
    return reinterpret_cast<char*>(block) + kHeader;
  }
  static void release(void* self, void* address) {
    if (address == nullptr) return;
    char* block = static_cast<char*>(address) - kHeader;
    static_cast<BrotliDecoder*>(self)->in_use_ -= *reinterpret_cast<std::size_t*>(block);
    std::free(block);
  }

  std::size_t in_use_ = 0;
  BrotliDecoderState* state_;
};

class ZstdDecoder final : public BodyDecoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDCtx()) {
    if (stream_ != nullptr) ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kMaxWindowLog);
  }
  ~ZstdDecoder() override { ZSTD_freeDCtx(stream_); }
  [[nodiscard]] bool usable() const { return stream_ != nullptr; }

  std::optional<std::size_t> decode(std::string_view& in, std::span<char> out) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    if (in.empty() && ended_) return 0;
    const std::size_t left = ZSTD_decompressStream(stream_, &output, &input);
    in.remove_prefix(input.pos);
    if (ZSTD_isError(left) != 0) return std::nullopt;
    ended_ = left == 0;
    return output.pos;
  }

  [[nodiscard]] bool ended() const override { return ended_; }

 private:
  static constexpr int kMaxWindowLog = 23;
  static_assert(std::size_t{1} << kMaxWindowLog == kMaxDecoderWindowBytes);

  ZSTD_DCtx* stream_;
  bool ended_ = false;
};

template <class Decoder>
std::unique_ptr<BodyDecoder> make_usable() {
  auto decoder = std::make_unique<Decoder>();
  if (!decoder->usable()) return nullptr;
  return decoder;
}

}  // namespace

BodyCoding body_coding_from(std::string_view value) {
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  if (value.empty() || equals_ignore_case(value, "identity")) return BodyCoding::identity;
  if (equals_ignore_case(value, "gzip") || equals_ignore_case(value, "x-gzip")) return BodyCoding::gzip;
  if (equals_ignore_case(value, "deflate")) return BodyCoding::deflate;
  if (equals_ignore_case(value, "br")) return BodyCoding::brotli;
  if (equals_ignore_case(value, "zstd")) return BodyCoding::zstd;
  return BodyCoding::unknown;
}

std::unique_ptr<BodyDecoder> make_body_decoder(BodyCoding coding) {
  switch (coding) {
    case BodyCoding::gzip:
      return std::make_unique<InflateDecoder>(true);
    case BodyCoding::deflate:
      return std::make_unique<InflateDecoder>(false);
    case BodyCoding::brotli:
      return make_usable<BrotliDecoder>();
    case BodyCoding::zstd:
      return make_usable<ZstdDecoder>();
    case BodyCoding::identity:
    case BodyCoding::unknown:
      return nullptr;
  }
  return nullptr;
}

}  // namespace distiq
