// A fast 64-bit hash of byte ranges and of numbers, for comparing prompts. Not cryptographic: a collision costs a wrong
// forecast, never a wrong byte. Stable over versions, because hashes are stored. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace distiq {

// About 0.06 ns per byte of a long range.
[[nodiscard]] std::uint64_t hash_bytes(std::string_view bytes);

// Depends on the order: the chain of a prefix.
[[nodiscard]] std::uint64_t hash_pair(std::uint64_t before, std::uint64_t next);

}  // namespace distiq
