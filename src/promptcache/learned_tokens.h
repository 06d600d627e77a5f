// What usage has taught about the size of prompts: exact token counts of prefixes, who answered a prefix and at what
// length, and how many tokens a byte becomes. Knows hashes only, no text. Bounded; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "money/model_info.h"
#include "promptcache/lru_map.h"
#include "promptcache/prompt_map.h"

namespace distiq {

class RowReader;

// Tokens of a prefix for one model.
struct LearnedCount {
  std::uint64_t model = 0;    // model_tag()
  std::uint64_t content = 0;  // ModelPrompt::content there: the same content is as long for every model of a tokenizer
  std::uint64_t tokens = 0;
  std::uint32_t factor_permille = 0;
  std::uint32_t dropped = 0;  // thinking blocks of the prefix that the model did not read

  bool operator==(const LearnedCount&) const = default;
};

struct LearnedPrefix {
  std::uint64_t answered_by = 0;    // model_tag() of who answered the prompt that ends here; 0: nobody yet
  std::uint64_t answer_tokens = 0;  // output tokens of that answer: what it adds to the next prompt
  std::array<LearnedCount, 3> counts{};

  bool operator==(const LearnedPrefix&) const = default;
};

[[nodiscard]] std::uint64_t model_tag(const ModelInfo& model);

// Prompt bytes by what they hold; each kind has a density of its own.
struct WeightByKind {
  std::array<double, 3> of{};  // by PromptSection
};

class LearnedTokens {
 public:
  explicit LearnedTokens(std::size_t capacity) : prefixes_(capacity) {}

  void learn(std::uint64_t prefix_hash, const LearnedCount& count);
  void learn_answer(std::uint64_t prefix_hash, std::uint64_t by, std::uint64_t output_tokens);  // by: model_tag()
  // These bytes turned out to be so many tokens of the 4.6 generation's tokenizer.
  void learn_density(const WeightByKind& weight, double tokens);

  [[nodiscard]] const LearnedPrefix* find(std::uint64_t prefix_hash) const { return prefixes_.find(prefix_hash); }
  // Goes up whenever find() may find something else.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  // Tokens of the 4.6 generation per byte.
  [[nodiscard]] double density(PromptSection section) const { return density_.of[static_cast<std::size_t>(section)]; }

  // For the store: oldest first, one line each without a line end.
  void write_rows(std::vector<std::string>& rows) const;
  bool restore(std::string_view row);

  [[nodiscard]] std::size_t size() const { return prefixes_.size(); }

 private:
  bool restore_density(RowReader& reader);
  bool restore_prefix(RowReader& reader);

  LruMap<LearnedPrefix> prefixes_;
  std::uint64_t changes_ = 0;
  WeightByKind density_{{0.27, 0.27, 0.27}};
};

}  // namespace distiq
