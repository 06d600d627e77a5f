#include "promptcache/piece_hash.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace distiq {
namespace {

__extension__ using Wide = unsigned __int128;

// Odd numbers with half of their bits set, as multiplicative hashes need.
constexpr std::array<std::uint64_t, 5> keys{0x2d358dccaa6c78a5, 0x8bb84b93962eacc9, 0x4b33a62ed433d4a3,
                                            0x4d5a2da51de1aa47, 0xa0761d6478bd642f};

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t word(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// The last 1 to 16 bytes, zeros behind them; the size tells them from real ones.
std::uint64_t short_tail(const char* at, std::size_t size) {
  std::array<char, 16> padded{};
  std::memcpy(padded.data(), at, size);
  return fold(word(padded.data()) ^ keys[1], word(padded.data() + 8) ^ keys[2] ^ size);
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t a = keys[0];
  std::uint64_t b = keys[3];
  std::uint64_t c = keys[4];
  for (; left >= 48; left -= 48, at += 48) {  // three chains at once: one multiplication alone waits for itself
    a = fold(word(at) ^ keys[1], word(at + 8) ^ a);
    b = fold(word(at + 16) ^ keys[2], word(at + 24) ^ b);
    c = fold(word(at + 32) ^ keys[3], word(at + 40) ^ c);
  }
  std::uint64_t sum = a ^ b ^ c;
  for (; left > 16; left -= 16, at += 16) sum = fold(word(at) ^ keys[1], word(at + 8) ^ sum);
  if (left > 0) sum = fold(sum ^ keys[4], short_tail(at, left));
  return fold(sum ^ keys[2], bytes.size() ^ keys[0]);
}

std::uint64_t hash_pair(std::uint64_t before, std::uint64_t next) {
  return fold(fold(before ^ keys[0], next ^ keys[1]) ^ keys[2], next + keys[3]);
}

}  // namespace distiq
