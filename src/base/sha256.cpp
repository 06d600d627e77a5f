// The calls that OpenSSL 3 has deprecated for EVP: behind that, each hash takes two allocations and some hundred
// instructions more than what it hashes, where an id is one block.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/sha256.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <span>

#include "base/text.h"

namespace distiq {
namespace {

std::string_view as_text(std::span<const unsigned char> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

// None of these can fail.
Sha256::Sha256() {
  SHA256_Init(&state_);
}

void Sha256::add(std::string_view bytes) {
  SHA256_Update(&state_, bytes.data(), bytes.size());
}

Sha256::Digest Sha256::finish() {
  Digest digest{};
  SHA256_Final(digest.data(), &state_);
  return digest;
}

std::uint64_t Sha256::finish_64() {
  const Digest digest = finish();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = (value << 8) | digest[i];
  return value;
}

// RFC 2104.
HmacSha256::HmacSha256(const Secret& key) {
  std::array<unsigned char, SHA256_CBLOCK> block{};
  if (key.reveal().size() > block.size()) {
    Sha256 of_key;
    of_key.add(key.reveal());
    Sha256::Digest short_key = of_key.finish();
    std::ranges::copy(short_key, block.begin());
    OPENSSL_cleanse(short_key.data(), short_key.size());
    OPENSSL_cleanse(&of_key, sizeof of_key);
  } else {
    std::ranges::copy(key.reveal(), block.begin());
  }
  const auto prepare = [&](Sha256& hash, unsigned char pad) {
    for (unsigned char& byte : block) byte ^= pad;
    hash.add(as_text(block));
    for (unsigned char& byte : block) byte ^= pad;
  };
  prepare(inner_, 0x36);
  prepare(outer_, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::~HmacSha256() {
  OPENSSL_cleanse(&inner_.state_, sizeof inner_.state_);
  OPENSSL_cleanse(&outer_.state_, sizeof outer_.state_);
}

std::string HmacSha256::hex32(std::initializer_list<std::string_view> parts) const {
  Sha256 inner = inner_;
  for (const std::string_view part : parts) inner.add(part);
  Sha256 outer = outer_;
  outer.add(as_text(inner.finish()));
  const Sha256::Digest digest = outer.finish();
  return to_hex(std::as_bytes(std::span(digest).first<16>()));
}

}  // namespace distiq
