#include "base/gzip.h"

#include <zlib.h>

#include <array>
#include <new>

namespace sim {

struct GzipWriter::State {
  z_stream stream{};
};

GzipWriter::GzipWriter() : state_(std::make_unique<State>()) {
  constexpr int gzip_wrapper = 16;
  if (deflateInit2(&state_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + gzip_wrapper, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}

GzipWriter::~GzipWriter() {
  deflateEnd(&state_->stream);
}

std::string GzipWriter::write(std::string_view plain, bool last) {
  std::string out;
  std::array<char, 16384> buffer;
  auto& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  return out;
}

}  // namespace sim
