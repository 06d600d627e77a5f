#include "judge/objection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace distiq {
namespace {

constexpr std::size_t first_group = static_cast<std::size_t>(TermGroup::objection);
constexpr std::uint32_t tiny_words = 3;
constexpr std::uint32_t short_words = 8;
constexpr std::uint32_t medium_words = 12;
constexpr std::uint32_t long_words = 20;
constexpr std::ptrdiff_t many_task_groups = 4;

double yes(bool fact) {
  return fact ? 1.0 : 0.0;
}

bool early(const PromptShape& shape, TermGroup group) {
  return (shape.remarks & bit_of(group)) != 0;
}

}  // namespace

std::string_view objection_feature_name(std::size_t index) {
  return index < objection_groups ? term_group_names[first_group + index] : objection_forms[index - objection_groups];
}

// Objections come first and are short; the same words in a long report speak of something else.
ObjectionFeatures objection_features_of(const PromptShape& shape) {
  ObjectionFeatures features{};
  for (std::size_t i = 0; i < objection_groups; ++i)
    features[i] = yes(early(shape, static_cast<TermGroup>(first_group + i)));
  const auto tasks = std::ranges::count_if(std::span(shape.hits).first<task_groups>(), [](auto n) { return n > 0; });
  const std::array<double, objection_forms.size()> forms = {
      yes(shape.questions > 0),
      yes(shape.words <= tiny_words),
      yes(shape.words <= short_words),
      yes(shape.words > medium_words),
      yes(shape.words > long_words),
      yes(shape.identifiers > 0),
      yes(shape.code_lines + shape.trace_lines > 0),
      static_cast<double>(std::min(tasks, many_task_groups)) / many_task_groups,
      yes(shape.words == shape.filler_words),
      yes(early(shape, TermGroup::refuse) && !early(shape, TermGroup::accept) && !early(shape, TermGroup::reassure) &&
          !early(shape, TermGroup::order)),
  };
  std::ranges::copy(forms, features.begin() + objection_groups);
  return features;
}

bool is_objection(const ObjectionWeights& model, const ObjectionFeatures& features) {
  const double score = std::inner_product(features.begin(), features.end(), model.weights.begin(), model.bias);
  return 1 / (1 + std::exp(-score)) >= model.sure;
}

}  // namespace distiq
