#include "http/chunk_reader.h"

#include <algorithm>

namespace distiq {
namespace {

// Extensions and trailers carry nothing that we or anyone we know of uses.
constexpr std::uint32_t most_ignored_bytes = 16 * 1024;
// 2^60 bytes: more digits only serve to overflow somebody's counter.
constexpr std::uint32_t most_digits = 15;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_bare_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

Result<std::size_t> ChunkReader::feed(std::string_view input, std::vector<std::string_view>& pieces) {
  std::size_t at = 0;
  while (at < input.size() && state_ != State::finished) {
    if (state_ == State::data) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      pieces.push_back(input.substr(at, taken));
      at += taken;
      left_ -= taken;
      if (left_ == 0) state_ = State::data_cr;
      continue;
    }
    state_ = step(input[at++]);
    if (state_ == State::broken) {
      return fail(ErrorKind::client_fault, "broken chunked coding", "The chunked body is not valid.");
    }
  }
  return at;
}

ChunkReader::State ChunkReader::step(char c) {
  switch (state_) {
    case State::size_start:
    case State::size: {
      const int digit = hex_value(c);
      if (digit >= 0) {
        if (++digits_ > most_digits) return State::broken;
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return State::size;
      }
      if (digits_ == 0) return State::broken;
      digits_ = 0;
      if (c == '\r') return State::size_lf;
      return c == ';' || c == ' ' || c == '\t' ? State::extension : State::broken;
    }
    case State::extension:
      if (c == '\r') return State::size_lf;
      return is_bare_control(c) || ++ignored_ > most_ignored_bytes ? State::broken : State::extension;
    case State::size_lf:
      if (c != '\n') return State::broken;
      return left_ > 0 ? State::data : State::trailer_start;
    case State::data_cr:
      return c == '\r' ? State::data_lf : State::broken;
    case State::data_lf:
      return c == '\n' ? State::size_start : State::broken;
    case State::trailer_start:
      if (c == '\r') return State::end_lf;
      [[fallthrough]];
    case State::trailer:
      if (c == '\r') return State::trailer_lf;
      return is_bare_control(c) || ++ignored_ > most_ignored_bytes ? State::broken : State::trailer;
    case State::trailer_lf:
      return c == '\n' ? State::trailer_start : State::broken;
    case State::end_lf:
      return c == '\n' ? State::finished : State::broken;
    case State::data:
    case State::finished:
    case State::broken:
      break;
  }
  return State::broken;
}

}  // namespace distiq
