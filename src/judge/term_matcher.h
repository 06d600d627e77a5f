// Finds terms (words, beginnings of words, phrases) of many groups in one pass: an Aho-Corasick automaton with its
// failure links resolved, so that a letter costs one table look-up. It knows letters, not text: PromptShape feeds it.
// Built once; const afterwards: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "judge/letter_symbols.h"

namespace distiq {

class TermMatcher {
 public:
  using State = std::uint16_t;
  using Groups = std::uint64_t;  // one bit per group

  struct Term {
    std::string_view text;    // "whole codebase": these words; "рефактор*": words that begin so
    std::uint32_t group = 0;  // below 64
  };
  // bad_config: a term has other letters than English, Russian, apostrophe and single spaces, or there are too many.
  [[nodiscard]] static Result<TermMatcher> build(std::span<const Term> terms);

  // Nothing can match before the next boundary: letters need not be given.
  static constexpr State none = 0;
  // Where a text begins, and where one begins anew after what is no word. A word ends with next(state,
  // letters::boundary).
  [[nodiscard]] State opening() const { return opening_; }
  [[nodiscard]] State between() const { return between_; }
  [[nodiscard]] State next(State from, std::uint8_t symbol) const { return next_[from * letters::alphabet + symbol]; }
  // The same for a loop that cannot afford to look up where the table lies.
  struct Walk {
    const State* rows;
    State first_found;
    [[nodiscard]] State next(State from, std::uint8_t symbol) const { return rows[from * letters::alphabet + symbol]; }
    [[nodiscard]] bool ends_term(State state) const { return state >= first_found; }
  };
  [[nodiscard]] Walk walk() const { return {next_.data(), first_found_}; }
  // Groups of the terms that end here.
  [[nodiscard]] Groups found(State state) const { return state < first_found_ ? 0 : found_[state - first_found_]; }
  [[nodiscard]] std::size_t states() const { return next_.size() / letters::alphabet; }

 private:
  friend class TermMatcherBuilder;
  std::vector<State> next_;
  std::vector<Groups> found_;
  State opening_ = 0;
  State between_ = 0;
  State first_found_ = 0;  // states that end a term are numbered last
};

}  // namespace distiq
