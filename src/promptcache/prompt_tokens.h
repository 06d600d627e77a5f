// How many tokens a prompt has up to each of its blocks, for one model: known where usage told, else reckoned from the
// nearest known points. Across models of one tokenizer counts carry over where both read the same blocks; else what one
// model's count grew by is added to the other's last known count, by the ratio of the tokenizers. Pure.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <vector>

#include "promptcache/learned_tokens.h"
#include "promptcache/model_prompt.h"

namespace distiq {

struct TokenCount {
  std::uint64_t tokens = 0;
  bool known = false;
};

// Borrows all it is given, which must not change meanwhile; one thread. Looks only where it is asked: a few look-ups
// where the neighbourhood is known, as it is in a lane that goes on; one per block where nothing is.
class PromptTokens {
 public:
  PromptTokens(const ModelInfo& model, const PromptMap& map, const ModelPrompt& prompt, const LearnedTokens& learned)
      : model_(model), map_(map), prompt_(prompt), learned_(learned) {}

  // Up to and including that place of the ModelPrompt.
  [[nodiscard]] TokenCount up_to(std::size_t place) const;
  [[nodiscard]] TokenCount total() const;

  // What is known on both sides of a place: no prefix is shorter than one that it holds.
  struct Bounds {
    std::uint64_t least = 0;
    std::uint64_t most = static_cast<std::uint64_t>(-1);
  };
  [[nodiscard]] Bounds known_around(std::size_t place) const;

  // Bytes between the last known place before `place` (its count in `known_before`) and `place`, for learn_density().
  [[nodiscard]] WeightByKind weight_since_known(std::size_t place, std::uint64_t& known_before) const;

 private:
  struct Point {  // a count of a model that reads other blocks
    std::size_t place = 0;
    LearnedCount count;
  };

  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  [[nodiscard]] const PromptPosition& position(std::size_t place) const {
    return map_.positions[prompt_.places[place].position];
  }
  // Each place is looked up once: a walk that is repeated must not pay for it again. Nothing known: an empty one.
  [[nodiscard]] const LearnedPrefix& learned_at(std::size_t place) const;
  [[nodiscard]] TokenCount counted(std::size_t place) const;           // tokens 0: not known there
  [[nodiscard]] double guess(std::size_t from, std::size_t to) const;  // of (from, to], from their size
  [[nodiscard]] double grown(std::size_t from, std::size_t to) const;  // the same, by another model's counts if any
  [[nodiscard]] double answer_at(std::size_t place) const;             // reported length of a whole answer; 0: unknown
  [[nodiscard]] std::vector<Point> points(std::size_t from, std::size_t to) const;

  const ModelInfo& model_;
  const PromptMap& map_;
  const ModelPrompt& prompt_;
  const LearnedTokens& learned_;
  mutable boost::container::small_vector<const LearnedPrefix*, 8> looked_up_;  // null: not yet
};

}  // namespace distiq
