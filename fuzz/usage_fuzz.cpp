// The usage meter: never throws whatever comes, sees the same in pieces as in one, and the same coded as plain.
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "meter/body_decoder.h"
#include "meter/usage_meter.h"
#include "property.h"

namespace {

constexpr std::array<const char*, 2> kTypes = {"text/event-stream", "application/json"};
constexpr std::array<const char*, 5> kCodings = {"", "gzip", "deflate", "br", "zstd"};
constexpr std::size_t kSurelyNoBomb = 1'000'000;

distiq::UsageReport meter(const char* type, const char* coding, std::string_view body, std::uint32_t seed) {
  distiq::ResponseHead head;
  head.headers.add("content-type", type);
  head.headers.add("content-encoding", coding);
  distiq::UsageMeter usage_meter(head);
  while (!body.empty()) {
    seed = seed * 1664525U + 1013904223U;
    const std::string_view piece = body.substr(0, seed == 1013904223U ? body.size() : 1 + (seed >> 16U) % 37);
    usage_meter.observe(piece);
    body.remove_prefix(piece.size());
  }
  return *usage_meter.finish(true);
}

// A body that breaks in the middle is known as far as its decoder came, which depends on the pieces; one that grows
// like a bomb is given up at a point that does too.
bool decodes_soundly(const char* coding, std::string_view body) {
  const auto decoder = distiq::make_body_decoder(distiq::body_coding_from(coding));
  if (decoder == nullptr) return true;
  std::array<char, 4096> out;
  std::size_t total = 0;
  while (total <= kSurelyNoBomb) {
    const std::size_t before = body.size();
    const auto written = decoder->decode(body, out);
    if (!written.has_value()) return false;
    total += *written;
    require(body.size() <= before && *written <= out.size(), "a decoder stays within its buffers");
    if (body.empty() && *written < out.size()) return true;
    if (body.size() == before && *written == 0) return false;
  }
  return false;
}

std::string gzip(std::string_view plain) {
  z_stream stream{};
  require(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib starts");
  std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib ends");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 1);
  require(ZSTD_isError(size) == 0, "zstd compresses");
  out.resize(size);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const char* type = kTypes[bytes[0] % kTypes.size()];
  const char* coding = kCodings[bytes[0] / kTypes.size() % kCodings.size()];
  const std::uint32_t seed = bytes[1] + 1U;
  const std::string_view body(reinterpret_cast<const char*>(bytes) + 2, size - 2);

  const distiq::UsageReport whole = meter(type, coding, body, 0);
  if (decodes_soundly(coding, body)) {
    require(meter(type, coding, body, seed) == whole, "the same report in pieces:", coding);
  }
  if (*coding != '\0' || body.empty()) return 0;

  require(meter(type, "gzip", gzip(body), seed) == whole, "the same report through gzip");
  require(meter(type, "zstd", zstd(body), seed) == whole, "the same report through zstd");
  return 0;
}
