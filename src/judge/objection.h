// Whether the human objects to the work before, or corrects it: the numbers of a logistic model over what is said in
// the first words, named as in data/judge_weights.json. Any thread.
#pragma once

#include <array>
#include <string_view>

#include "judge/prompt_shape.h"
#include "judge/term_groups.h"

namespace distiq {

inline constexpr std::size_t objection_groups =
    static_cast<std::size_t>(TermGroup::condition) - static_cast<std::size_t>(TermGroup::objection) + 1;
// After the groups: what their presence alone does not tell.
inline constexpr std::array<std::string_view, 10> objection_forms = {
    "question", "tiny", "short", "medium", "long", "names", "paste", "task_words", "only_filler", "plain_refusal"};
inline constexpr std::size_t objection_feature_count = objection_groups + objection_forms.size();
using ObjectionFeatures = std::array<double, objection_feature_count>;

struct ObjectionWeights {
  std::array<double, objection_feature_count> weights{};
  double bias = 0;
  double sure = 0.5;  // least probability to call it an objection
};

[[nodiscard]] std::string_view objection_feature_name(std::size_t index);
[[nodiscard]] ObjectionFeatures objection_features_of(const PromptShape& shape);
[[nodiscard]] bool is_objection(const ObjectionWeights& model, const ObjectionFeatures& features);

}  // namespace distiq
