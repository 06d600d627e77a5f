// How a prompt splits into what the API bills apart: read from the cache, written to it, plain input. Pure data.
#pragma once

#include <cstdint>
#include <string_view>

#include "money/model_info.h"

namespace distiq {

// A prompt cache belongs to an account (organization and workspace) and a model.
struct CacheKey {
  std::string_view account;          // account_key()
  const ModelInfo* model = nullptr;  // never null in a call
};

// In the tokens of the model asked about.
struct CacheForecast {
  std::uint64_t prompt_tokens = 0;  // sum of the four below
  std::uint64_t read = 0;
  std::uint64_t write_5m = 0;
  std::uint64_t write_1h = 0;
  std::uint64_t input = 0;    // after the last breakpoint, or everything where nothing is cached
  bool tokens_known = false;  // every count follows from usage that the API reported; else some are estimated

  bool operator==(const CacheForecast&) const = default;
};

}  // namespace distiq
