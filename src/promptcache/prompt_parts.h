// The hashes of a request's tools and blocks, each by itself: what map_prompt builds prefixes of, and what of an
// earlier request needs no hashing again. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "promptcache/block_hash.h"

namespace distiq {

struct PromptParts {
  std::vector<HashedPart> tools;      // of RequestView::tools
  std::vector<HashedPart> system;     // of its string, or of its outermost blocks
  std::vector<HashedPart> messages;   // of each message its string, or its outermost blocks
  std::vector<std::uint32_t> starts;  // of each message: into `messages`
};

// `earlier`: the parts of the view beside which `view` was scanned (scan_request); null if it was scanned alone. About
// 0.15 ns per byte of what was not taken over.
[[nodiscard]] PromptParts hash_parts(const RequestView& view, const PromptParts* earlier = nullptr);

}  // namespace distiq
