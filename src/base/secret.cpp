#include "base/secret.h"

#include <openssl/crypto.h>

namespace distiq {

bool Secret::equals(std::string_view other) const {
  return value_.size() == other.size() && CRYPTO_memcmp(value_.data(), other.data(), other.size()) == 0;
}

void Secret::wipe(std::string& bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

}  // namespace distiq
