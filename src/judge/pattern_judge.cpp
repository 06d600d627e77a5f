#include "judge/prompt_judge.h"

namespace distiq {

struct JudgeModel {};

PatternJudge::PatternJudge() = default;

// Until the model lands: certain of nothing, so that no policy moves anything by it.
PromptVerdict PatternJudge::judge(const JudgeInput& input) const {
  PromptVerdict verdict;
  verdict.has_task = input.text.size() > 12;
  verdict.reason = "not judged yet";
  return verdict;
}

}  // namespace distiq
