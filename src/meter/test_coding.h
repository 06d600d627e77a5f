// For tests: the other direction of body_decoder.h.
#pragma once

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace distiq {

inline std::string deflate_for_test(std::string_view plain, int window_bits) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

// `window_log`: for br and zstd; 0 = the encoder's own choice.
inline std::string encode_for_test(std::string_view plain, std::string_view coding, int window_log = 0) {
  if (coding == "gzip") return deflate_for_test(plain, 15 + 16);
  if (coding == "deflate") return deflate_for_test(plain, 15);
  if (coding == "raw-deflate") return deflate_for_test(plain, -15);
  if (coding == "br") {
    std::size_t size = BrotliEncoderMaxCompressedSize(plain.size()) + 64;
    std::string out(size, '\0');
    if (BrotliEncoderCompress(5, window_log == 0 ? BROTLI_DEFAULT_WINDOW : window_log, BROTLI_MODE_TEXT, plain.size(),
                              reinterpret_cast<const std::uint8_t*>(plain.data()), &size,
                              reinterpret_cast<std::uint8_t*>(out.data())) != BROTLI_TRUE) {
      throw std::runtime_error("brotli");
    }
    out.resize(size);
    return out;
  }
  if (coding == "zstd") {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    if (window_log != 0) {
      ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
      ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag,
                             0);  // as a server that streams: it does not know the size
    }
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    ZSTD_inBuffer input{plain.data(), plain.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    // Announced size 0 of a stream: the encoder must not shrink the window to what it knows of the input.
    std::size_t left = ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue);
    if (ZSTD_isError(left) == 0U) left = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    if (left != 0) throw std::runtime_error("zstd");
    out.resize(output.pos);
    return out;
  }
  return std::string(plain);
}

}  // namespace distiq
