// How difficult the human's words are: which tier of model should do, said with a confidence. It judges text alone; it
// knows no prices, no cache and no lane, and decides no route. Optional stage: a judge that knows nothing says so
// (has_task false or confidence 0). Any thread; bounded time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/tier.h"

namespace distiq {

struct JudgeInput {
  std::string_view text;     // the human's own words, decoded; borrowed. Anything else than UTF-8 is tolerated.
  std::size_t pictures = 0;  // sent beside the words
};

struct PromptVerdict {
  Tier tier = Tier::opus;   // the smallest tier that should do the task well
  double difficulty = 1.0;  // 0..1, monotone: thresholds of policies are set on it
  double confidence = 0.0;  // 0..1, calibrated probability that the tier named suffices
  bool has_task = false;    // false: "go on", "да, продолжай", thanks, empty: decide nothing from it
  bool objection = false;   // the human objects to or corrects the work before: "это не то", "still broken"
  std::string reason{};     // one line of English: "question form, 9 words, no code"
};

class PromptJudge {
 public:
  virtual ~PromptJudge() = default;
  [[nodiscard]] virtual PromptVerdict judge(const JudgeInput& input) const = 0;
};

struct JudgeModel;  // terms and weights, compiled

// Terms of Russian and English, form and length of the text, and a linear model over them. No model file.
class PatternJudge final : public PromptJudge {
 public:
  PatternJudge();  // with the data compiled into the program
  [[nodiscard]] PromptVerdict judge(const JudgeInput& input) const override;

 private:
  std::shared_ptr<const JudgeModel> model_;
};

}  // namespace distiq
