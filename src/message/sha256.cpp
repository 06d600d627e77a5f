#include "message/sha256.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <new>

#include "base/text.h"

namespace distiq {

namespace {

// OpenSSL 3 looks an algorithm up by name at each use unless it is held: that alone cost more than hashing a lane's id.
const EVP_MD* sha256_algorithm() {
  struct Free {
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  };
  static const std::unique_ptr<EVP_MD, Free> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return algorithm ? algorithm.get() : EVP_sha256();
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // Fails only for want of memory.
  if (state_->context == nullptr || EVP_DigestInit_ex(state_->context, sha256_algorithm(), nullptr) != 1)
    throw std::bad_alloc();
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Sha256::Digest Sha256::finish() {
  Digest digest{};
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  return digest;
}

std::uint64_t Sha256::finish_64() {
  const Digest digest = finish();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = (value << 8) | digest[i];
  return value;
}

// RFC 2104. OpenSSL's own costs several look-ups of algorithms per call.
std::string hmac_sha256_hex32(std::string_view key, std::string_view message) {
  constexpr std::size_t block_size = 64;
  std::array<unsigned char, block_size> padded{};
  if (key.size() > block_size) {
    Sha256 of_key;
    of_key.add(key);
    const Sha256::Digest short_key = of_key.finish();
    std::copy(short_key.begin(), short_key.end(), padded.begin());
  } else {
    std::copy(key.begin(), key.end(), padded.begin());
  }
  const auto bytes = [](const auto& array) {
    return std::string_view(reinterpret_cast<const char*>(array.data()), array.size());
  };
  const auto hash = [&](unsigned char pad, std::string_view text) {
    std::array<unsigned char, block_size> start = padded;
    for (unsigned char& byte : start) byte ^= pad;
    Sha256 sha;
    sha.add(bytes(start));
    sha.add(text);
    OPENSSL_cleanse(start.data(), start.size());
    return sha.finish();
  };
  const Sha256::Digest inner = hash(0x36, message);
  const Sha256::Digest digest = hash(0x5c, bytes(inner));
  OPENSSL_cleanse(padded.data(), padded.size());
  return to_hex(std::as_bytes(std::span(digest).first<16>()));
}

std::string to_hex16(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

}  // namespace distiq
