// How many tokens a prompt has up to each of its blocks, for one model: known where usage told, else reckoned from the
// nearest known points. Across models of one tokenizer counts carry over where both read the same blocks; else what one
// model's count grew by is added to the other's last known count, by the ratio of the tokenizers. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "promptcache/learned_tokens.h"
#include "promptcache/model_prompt.h"

namespace distiq {

struct TokenCount {
  std::uint64_t tokens = 0;
  bool known = false;
};

class PromptTokens {
 public:
  // Borrows nothing after the constructor but `map` and `prompt`. One look-up per block.
  PromptTokens(const ModelInfo& model, const PromptMap& map, const ModelPrompt& prompt, const LearnedTokens& learned);

  // Up to and including that place of the ModelPrompt.
  [[nodiscard]] TokenCount up_to(std::size_t place) const;
  [[nodiscard]] TokenCount total() const;

  // The place that a learned count names, if any does.
  [[nodiscard]] bool is_known(std::size_t place) const { return exact_[place].known; }
  // Bytes between the last known place before `place` (its count in `known_before`) and `place`, for learn_density().
  [[nodiscard]] WeightByKind weight_since_known(std::size_t place, std::uint64_t& known_before) const;

 private:
  struct Point {  // a count of some model at a place
    std::size_t place = 0;
    LearnedCount count;
  };

  void read_points(const LearnedTokens& learned);
  void guess(const LearnedTokens& learned);
  [[nodiscard]] double between(std::size_t from, std::size_t to) const;  // guessed, of (from, to]
  [[nodiscard]] double grown(std::size_t from, std::size_t to) const;    // by another model's counts, or guessed

  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  const ModelInfo& model_;
  const PromptMap& map_;
  const ModelPrompt& prompt_;
  std::vector<TokenCount> exact_;  // by place; tokens 0: nothing known
  std::vector<double> guessed_;    // by place: of everything up to it
  std::vector<Point> others_;      // counts of models that read other blocks, ascending
};

}  // namespace distiq
