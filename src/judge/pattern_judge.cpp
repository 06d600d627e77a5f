#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "judge/judge_features.h"
#include "judge/judge_model.h"
#include "judge/prompt_judge.h"

namespace distiq {
namespace embedded {
extern const std::string_view judge_terms_json;
extern const std::string_view judge_weights_json;
}  // namespace embedded

namespace {

constexpr std::uint32_t kNamedGroups = 3;  // in a reason
constexpr std::uint32_t kFewWords = 3;

std::uint32_t hits(const PromptShape& shape, TermGroup group) {
  return shape.hits[static_cast<std::size_t>(group)];
}

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

double score_of(const JudgeWeights& model, const JudgeFeatures& features) {
  double score = 0;
  for (std::size_t i = 0; i < features.size(); ++i) score += model.weights[i] * features[i];
  return score;
}

// Something beyond "yes, please go on": a few words that say nothing to the judge are about what went before.
bool has_task(const PromptShape& shape, std::size_t pictures) {
  if (shape.identifiers + shape.code_lines + shape.trace_lines > 0 || pictures > 0) return true;
  const std::uint32_t content = shape.words - shape.filler_words;
  if (content == 0) return false;
  return content > kFewWords ||
         std::any_of(shape.hits.begin(), shape.hits.begin() + task_groups, [](auto n) { return n > 0; });
}

bool changes_code(const PromptShape& shape) {
  return hits(shape, TermGroup::fix) + hits(shape, TermGroup::build) + hits(shape, TermGroup::rework) +
                 hits(shape, TermGroup::test) >
             0 ||
         shape.code_lines > 0 || shape.trace_lines > 0;
}

void place(PromptVerdict& verdict, const JudgeWeights& model, const PromptShape& shape, double score) {
  const double above_haiku = logistic(score - model.haiku_end);
  const double above_sonnet = logistic(score - model.sonnet_end);
  verdict.difficulty = (above_haiku + above_sonnet) / 2;
  const double sure = changes_code(shape) ? model.haiku_code_sure : model.haiku_sure;
  if (1 - above_haiku >= sure) {
    verdict.tier = Tier::haiku;
    verdict.confidence = 1 - above_haiku;
  } else if (1 - above_sonnet >= model.sonnet_sure) {
    verdict.tier = Tier::sonnet;
    verdict.confidence = 1 - above_sonnet;
  } else {
    verdict.tier = Tier::opus;
    verdict.confidence = 1;
  }
}

// What the groups of task words are about, in a developer's words; in the order of TermGroup.
constexpr std::array<std::string_view, task_groups> kTopics = {"explaining",
                                                               "a small edit",
                                                               "a chore",
                                                               "a fix",
                                                               "new code",
                                                               "tests",
                                                               "reworking code",
                                                               "design",
                                                               "a decision",
                                                               "a review",
                                                               "the whole code base",
                                                               "scale",
                                                               "concurrency",
                                                               "distribution",
                                                               "security",
                                                               "performance",
                                                               "a subtle fault",
                                                               "systems code",
                                                               "constraints",
                                                               "a narrow task",
                                                               "data",
                                                               "documents",
                                                               "errors"};

std::string form_of(const PromptShape& shape) {
  std::string form = shape.questions > 0 ? "question, " : "";
  form += fmt::format("{} word{}", shape.words, shape.words == 1 ? "" : "s");
  const auto lines = [&](std::uint32_t count, std::string_view of) {
    form += fmt::format(", {} line{} of {}", count, count == 1 ? "" : "s", of);
  };
  if (shape.code_lines > 0) lines(shape.code_lines, "code");
  if (shape.code_lines == 0) form += ", no code";
  if (shape.trace_lines > 0) lines(shape.trace_lines, "errors");
  if (shape.files > 0) form += fmt::format(", files named: {}", shape.files);
  if (shape.list_items > 1) form += fmt::format(", list of {}", shape.list_items);
  return form;
}

std::string reason_of(const PromptShape& shape, const PromptVerdict& verdict) {
  if (!verdict.has_task) return shape.bytes == 0 ? "empty" : "no task of its own: " + form_of(shape);
  std::string reason = verdict.objection ? "objection, " + form_of(shape) : form_of(shape);
  std::uint32_t named = 0;
  for (std::size_t group = 0; group < task_groups && named < kNamedGroups; ++group) {
    if (shape.hits[group] == 0) continue;
    reason += named++ == 0 ? "; about " : ", ";
    reason += kTopics[group];
  }
  return reason;
}

}  // namespace

// Only a damaged build lacks its own data: start-up ends there.
PatternJudge::PatternJudge() {
  auto model = read_judge_model(embedded::judge_terms_json, embedded::judge_weights_json);
  if (!model) throw std::runtime_error(model.error().log_detail);
  model_ = std::make_shared<const JudgeModel>(std::move(*model));
}

PromptVerdict PatternJudge::judge(const JudgeInput& input) const {
  const PromptShape shape = shape_of(input.text, model_->terms());
  PromptVerdict verdict;
  verdict.objection = is_objection(model_->objection, objection_features_of(shape));
  verdict.has_task = has_task(shape, input.pictures);
  if (verdict.has_task)
    place(verdict, model_->weights, shape, score_of(model_->weights, features_of(shape, input.pictures)));
  verdict.reason = reason_of(shape, verdict);
  return verdict;
}

}  // namespace distiq
