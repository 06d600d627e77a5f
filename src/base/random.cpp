#include "base/random.h"

#include <openssl/rand.h>

namespace distiq {

bool fill_random(std::span<char> bytes) {
  return RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == 1;
}

}  // namespace distiq
