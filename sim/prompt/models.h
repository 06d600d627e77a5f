// The models the simulator plays: prices, limits, and what each accepts. The simulator's own table
// (sim/data/models.json). Immutable after loading, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

// Pico-dollars per token, which is the same number as micro-dollars per million tokens.
struct TokenPrices {
  std::int64_t input = 0;
  std::int64_t write_5m = 0;
  std::int64_t write_1h = 0;
  std::int64_t cache_read = 0;
  std::int64_t output = 0;
};

enum class DisabledThinking { always, up_to_high, never };
enum class PrefixBinding { none, new_accounts, always };

struct Model {
  std::string id;
  std::vector<std::string> aliases;
  std::string display_name;
  std::string created_at;
  TokenPrices prices;
  std::optional<TokenPrices> fast_prices;
  std::int64_t step_above = 0;  // prompts larger than this cost `step_factor` times as much; 0: no step
  std::int64_t step_factor = 1;
  bool geo_priced = false;  // inference_geo "us" costs 1.1 times

  std::int64_t window = 0;
  std::string window_beta;  // this beta widens the window to 1M
  std::int64_t max_output = 0;
  std::int64_t min_cacheable = 0;
  std::int64_t tokenizer_tenths = 10;

  bool adaptive_thinking = false;
  bool enabled_thinking = false;
  bool between_tools_thinking = false;
  DisabledThinking disabled_thinking = DisabledThinking::always;
  bool always_thinks = false;
  bool display_omitted = false;    // what an absent thinking.display means
  bool keeps_all_thinking = true;  // false: only the last turn's blocks are part of the prompt
  PrefixBinding prefix_binding = PrefixBinding::none;
  bool account_bound = false;      // its thinking blocks are read in the account that made them only
  std::vector<std::string> reads;  // models whose thinking blocks it reads

  std::vector<std::string> efforts;  // empty: no effort parameter
  std::string default_effort;
  bool effort_keys_everything = false;  // effort is part of the whole cache key, not of the messages' only
  bool sampling = false;
  bool prefill = false;
  bool forced_tool_choice = false;
  bool system_role = false;
  bool per_turn_effort = false;
  bool tool_search = false;
  bool structured_outputs = false;
  bool context_editing = false;
  bool compaction = false;
  bool task_budget = false;

  bool has_effort(std::string_view level) const;
  bool reads_thinking_of(std::string_view model_id) const;
};

class ModelTable {
 public:
  // Throws std::runtime_error naming what is wrong with the table.
  explicit ModelTable(std::string_view json);
  static const ModelTable& builtin();

  // By id or alias; a trailing "[1m]" is not understood here, as at the API. nullptr when unknown.
  const Model* find(std::string_view id) const;
  const std::vector<Model>& all() const { return models_; }
  std::int64_t web_search_pico() const { return web_search_pico_; }

 private:
  std::vector<Model> models_;
  std::int64_t web_search_pico_ = 0;
};

// "0.125" -> 125000 for places = 6. Throws std::runtime_error when it is not a decimal number with at most `places`
// places.
std::int64_t parse_decimal(std::string_view text, int places);

}  // namespace sim
