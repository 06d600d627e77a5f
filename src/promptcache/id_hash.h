// Ids as keys. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "promptcache/piece_hash.h"

namespace distiq {

// For maps by the ids of lanes and sessions: these are random at both ends. Whoever sends ids that are not
// only makes look-ups slower: the maps are bounded.
struct IdHash {
  using is_transparent = void;
  using is_avalanching = void;  // a map need not mix the bits again
  std::size_t operator()(std::string_view id) const {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (id.size() < sizeof(first)) return hash_bytes(id);
    std::memcpy(&first, id.data(), sizeof(first));
    std::memcpy(&last, id.data() + id.size() - sizeof(last), sizeof(last));
    return hash_pair(first, last);
  }
};

}  // namespace distiq
