// SHA-256 and HMAC-SHA256 of OpenSSL as values without an allocation. One thread per object, unless said otherwise.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace distiq {

class Sha256 {
 public:
  Sha256();

  void add(std::string_view bytes);
  using Digest = std::array<unsigned char, 32>;
  // Once only.
  [[nodiscard]] Digest finish();
  // The first eight bytes, big-endian, instead.
  [[nodiscard]] std::uint64_t finish_64();

 private:
  friend class HmacSha256;  // wipes it
  SHA256_CTX state_;
};

// A key, prepared once for any number of messages. It is worth what the key is: wiped at its end, shown by nothing.
class HmacSha256 {
 public:
  explicit HmacSha256(const Secret& key);
  ~HmacSha256();
  HmacSha256(const HmacSha256&) = default;
  HmacSha256& operator=(const HmacSha256&) = default;

  // The first 16 bytes for the message that the parts make, as 32 hex digits. Keeps nothing of it. Any thread.
  [[nodiscard]] std::string hex32(std::initializer_list<std::string_view> parts) const;

 private:
  Sha256 inner_;  // after the key
  Sha256 outer_;
};

}  // namespace distiq
