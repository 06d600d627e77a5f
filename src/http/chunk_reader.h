// The chunked transfer coding (RFC 9112 7.1) without I/O: finds content and end, keeps nothing back. Our own because
// Beast's asserts on a last chunk that arrives in pieces, and needs bytes fed twice.
// One owner at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace distiq {

class ChunkReader {
 public:
  // Takes bytes up to the end of the body and appends views of the content to `pieces`; the value is how many were
  // taken (all of them unless the body has ended). Errors: client_fault (a size that is no size, a missing CRLF,
  // extensions or trailers over 16 KB); the reader is of no use then.
  [[nodiscard]] Result<std::size_t> feed(std::string_view input, std::vector<std::string_view>& pieces);
  // The last chunk and the trailers have been read.
  [[nodiscard]] bool finished() const { return state_ == State::finished; }

 private:
  enum class State : std::uint8_t {
    size_start,  // a first digit must come
    size,
    extension,  // up to the line's end; not interpreted
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,  // a trailer line, or the empty one
    trailer,
    trailer_lf,
    end_lf,
    finished,
    broken,
  };
  State step(char c);

  std::uint64_t left_ = 0;  // of the chunk
  std::uint32_t digits_ = 0;
  std::uint32_t ignored_ = 0;  // bytes of extensions and trailers so far
  State state_ = State::size_start;
};

}  // namespace distiq
