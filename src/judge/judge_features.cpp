#include "judge/judge_features.h"

#include <algorithm>
#include <cmath>

namespace distiq {
namespace {

constexpr double scattered_words = 60;

double grows(std::uint32_t count) {  // 0, 1, 1.6, 2, ... at most 4
  return std::min(std::log2(1.0 + count), 4.0);
}

double at_most(std::uint32_t count, std::uint32_t limit) {
  return static_cast<double>(std::min(count, limit));
}

std::uint32_t hits(const PromptShape& shape, TermGroup group) {
  return shape.hits[static_cast<std::size_t>(group)];
}

// Asks and orders nothing.
bool is_bare_question(const PromptShape& shape) {
  const bool asks = shape.questions > 0 || hits(shape, TermGroup::ask) > 0;
  const std::uint32_t orders = hits(shape, TermGroup::fix) + hits(shape, TermGroup::build) +
                               hits(shape, TermGroup::rework) + hits(shape, TermGroup::design) +
                               hits(shape, TermGroup::decide) + hits(shape, TermGroup::subtle) + shape.trace_lines;
  return asks && orders == 0;
}

}  // namespace

std::string_view feature_name(std::size_t index) {
  return index < form_names.size() ? form_names[index] : term_group_names[index - form_names.size()];
}

JudgeFeatures features_of(const PromptShape& shape, std::size_t pictures) {
  JudgeFeatures features = {
      std::clamp(std::log2((1.0 + shape.words) / 8.0), 0.0, 5.0) / 2,
      at_most(shape.clauses, 8) / 4,
      at_most(shape.amounts, 2),
      shape.words <= 6 ? 1.0 : 0.0,
      at_most(shape.questions, 2),
      is_bare_question(shape) ? 1.0 : 0.0,
      at_most(shape.list_items, 10) / 4,
      grows(shape.code_lines) / 2,
      grows(shape.trace_lines) / 2,
      grows(shape.files) / 2,
      grows(shape.identifiers) / 2,
      shape.foreign_words * 4 > shape.words ? 1.0 : 0.0,
      pictures > 0 ? 1.0 : 0.0,
      grows(shape.numbers) / 2,
      grows(hits(shape, TermGroup::maths)) / 2,
      grows(hits(shape, TermGroup::algorithm)) / 2,
  };
  // In a long text words like "replace" and "sort" turn up whatever is asked for.
  const double weight = std::min(1.0, scattered_words / std::max(1.0, static_cast<double>(shape.words)));
  for (std::size_t group = 0; group < task_groups; ++group)
    features[form_names.size() + group] = weight * std::min(grows(shape.hits[group]), 2.0);
  return features;
}

}  // namespace distiq
