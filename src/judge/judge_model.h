// Terms and weights of the pattern judge, read from data/judge_terms.json and data/judge_weights.json. Any thread.
#pragma once

#include <string_view>

#include "judge/english_words.h"
#include "judge/judge_features.h"
#include "judge/objection.h"
#include "judge/prompt_shape.h"
#include "judge/term_matcher.h"

namespace distiq {

// P(more than haiku) = s(w.x - haiku_end), P(more than sonnet) = s(w.x - sonnet_end): one score, ordered tiers.
struct JudgeWeights {
  std::array<double, feature_count> weights{};
  double haiku_end = 0;
  double sonnet_end = 0;
  double haiku_sure = 1;       // least confidence for haiku,
  double haiku_code_sure = 1;  // where code is to be changed,
  double sonnet_sure = 1;      // and for sonnet
};

struct JudgeModel {
  TermMatcher matcher;
  EnglishWords english;
  TermMatcher remarks;  // terms of objections and of what speaks against one
  ShapeGroups groups;
  JudgeWeights weights;
  ObjectionWeights objection;

  [[nodiscard]] ShapeTerms terms() const { return {matcher, english, remarks, groups}; }
};

// bad_config: not JSON, a key that is unknown or missing, a term or a number that cannot be.
[[nodiscard]] Result<JudgeModel> read_judge_model(std::string_view terms_json, std::string_view weights_json);

}  // namespace distiq
