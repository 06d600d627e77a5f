// The numbers that the linear model weighs, each between 0 and about 3, named as in data/judge_weights.json. Any
// thread.
#pragma once

#include <array>
#include <string_view>

#include "judge/prompt_shape.h"
#include "judge/term_groups.h"

namespace distiq {

inline constexpr std::array<std::string_view, 16> form_names = {
    "length", "clauses", "amounts",     "brief",   "question", "bare_question", "list",  "code",
    "trace",  "files",   "identifiers", "foreign", "pictures", "numbers",       "maths", "algorithm"};
// The forms, then the groups that speak of a task.
inline constexpr std::size_t feature_count = form_names.size() + task_groups;
using JudgeFeatures = std::array<double, feature_count>;

[[nodiscard]] std::string_view feature_name(std::size_t index);
[[nodiscard]] JudgeFeatures features_of(const PromptShape& shape, std::size_t pictures);

}  // namespace distiq
