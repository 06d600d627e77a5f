// What the model table knows about one model. Pure data, filled from data/models.json (docs/formats/models.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace distiq {

// Per token.
struct TokenPrices {
  PicoUsd input;  // uncached
  PicoUsd output;
  PicoUsd cache_read;
  PicoUsd cache_write_5m;
  PicoUsd cache_write_1h;

  bool operator==(const TokenPrices&) const = default;
};

// Prices of a whole request whose prompt (cache reads and writes included) is longer than `above_prompt_tokens`.
struct PriceStep {
  std::uint64_t above_prompt_tokens = 0;
  TokenPrices prices;
};

// Request features that not every model takes. The names in the file are those of to_string.
enum class ModelFeature : std::uint8_t {
  system_messages,         // role "system" inside messages
  message_output_config,   // output_config on a message
  mid_conversation_tools,  // tools added or removed inside messages
  sampling,                // temperature, top_p, top_k other than the default
  prefill,                 // a last message of role assistant
  forced_tool_choice,      // tool_choice any or tool
  context_management,
  compaction,
  tool_search,
  structured_outputs,
  task_budgets,
};
inline constexpr int kModelFeatures = 11;
[[nodiscard]] std::string_view to_string(ModelFeature feature);

struct ModelInfo {
  std::string id;
  std::vector<std::string> aliases;
  std::string tier;        // "haiku", "sonnet", "opus", "fable"
  std::string generation;  // models that take the same requests, byte for byte; empty: not known
  bool retired = false;

  TokenPrices prices;
  std::vector<PriceStep> steps;     // ascending; usually none
  std::optional<TokenPrices> fast;  // speed "fast"
  bool priced_by_geography = false;

  std::uint64_t context_tokens = 0;
  std::uint64_t max_output_tokens = 0;
  std::uint64_t min_cacheable_tokens = 0;     // 0: not known
  std::int64_t token_factor_permille = 1000;  // tokens for the same text, relative to the 4.6 generation

  std::vector<std::string> thinking;  // forms accepted: "adaptive", "enabled", "disabled", "between_tools"
  std::vector<std::string> efforts;   // levels accepted; empty: the parameter is refused
  std::string default_effort;
  std::string max_effort_without_thinking;  // with thinking disabled or between_tools; empty: any
  std::vector<std::string> computer_tools;  // types of computer-use tools accepted
  std::uint32_t feature_bits = 0;

  std::vector<std::string> drops_thinking_of;  // ids of models whose thinking blocks it does not read: they go unbilled
  bool keeps_old_thinking = true;              // false: only the last turn's thinking is part of the prompt
  bool effort_in_whole_cache = false;          // another effort finds nothing cached, not even tools

  [[nodiscard]] bool has(ModelFeature feature) const {
    return (feature_bits >> static_cast<unsigned>(feature) & 1U) != 0;
  }
  [[nodiscard]] bool accepts_thinking(std::string_view form) const;
  [[nodiscard]] bool accepts_effort(std::string_view level) const;
  [[nodiscard]] bool reads_thinking_of(std::string_view model_id) const;
};

}  // namespace distiq
