// SHA-256 as used for prompt prefixes, signatures and the record of received bytes. Any thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace sim {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);
std::string to_hex(const Digest& digest, std::size_t bytes = 32);
inline std::string_view as_bytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Digest of (previous, part): a chain whose value depends on every part and on where each ends.
Digest extend(const Digest& previous, std::string_view part);

std::string base64(std::string_view bytes);

}  // namespace sim
