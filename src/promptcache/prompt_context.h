// What a cached prefix depends on besides its blocks, read from a request. Pure, but for what BetaHashes remembers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "message/client_fields.h"
#include "promptcache/prompt_map.h"

namespace distiq {

// PromptContext::everything.
[[nodiscard]] std::uint64_t hash_betas(const RequestHead& head);
[[nodiscard]] PromptContext read_prompt_context(const RequestView& view, std::uint64_t betas);

// hash_betas(), remembered: a client sends the same few lists with all its requests. Not thread-safe.
class BetaHashes {
 public:
  [[nodiscard]] std::uint64_t of(const ClientFields& client);

 private:
  struct Known {
    std::string list;
    std::uint64_t hash = 0;
  };
  std::array<Known, 8> known_;
  std::size_t next_ = 0;  // to be overwritten
};

}  // namespace distiq
