#include "base/sha256_hex.h"

#include <span>

#include "base/sha256.h"
#include "base/text.h"

namespace distiq {

std::string sha256_hex(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  const Sha256::Digest digest = sha.finish();
  return to_hex(std::as_bytes(std::span(digest)));
}

}  // namespace distiq
