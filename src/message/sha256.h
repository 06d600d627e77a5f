// SHA-256 and HMAC-SHA256 of OpenSSL as two small values. One thread per object.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace distiq {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  using Digest = std::array<unsigned char, 32>;
  // Once only.
  [[nodiscard]] Digest finish();
  // The first eight bytes, big-endian, instead.
  [[nodiscard]] std::uint64_t finish_64();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The first 16 bytes as 32 hex digits.
[[nodiscard]] std::string hmac_sha256_hex32(std::string_view key, std::string_view message);

[[nodiscard]] std::string to_hex16(std::uint64_t value);

}  // namespace distiq
