#include "base/sha256_hex.h"

#include <openssl/evp.h>

#include <array>
#include <new>

#include "base/text.h"

namespace distiq {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  // Fails only for want of memory.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  return to_hex(std::as_bytes(std::span(digest)));
}

}  // namespace distiq
