// The prompt judge on any bytes: values in their ranges, a printable reason, the same verdict whatever white space
// stands around the text, and nothing said about a text without a task.
#include <cstdint>
#include <string>
#include <string_view>

#include "judge/prompt_judge.h"
#include "property.h"

namespace {

using namespace distiq;

bool is_share(double value) {
  return value >= 0 && value <= 1;
}

bool is_one_line(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) return false;
  }
  return !text.empty() && text.size() < 300;
}

void check(const PromptVerdict& verdict) {
  require(is_share(verdict.difficulty), "difficulty is a share");
  require(is_share(verdict.confidence), "confidence is a share");
  require(verdict.tier <= Tier::opus, "a tier that the judge may name");
  require(is_one_line(verdict.reason), "reason is one line", verdict.reason);
  if (!verdict.has_task)
    require(verdict.confidence == 0 && verdict.tier == Tier::opus, "nothing is decided from no task");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PatternJudge judge;
  const std::string text(reinterpret_cast<const char*>(data), size);  // its own bytes: reading past them is seen
  const PromptVerdict verdict = judge.judge({.text = text});
  check(verdict);
  check(judge.judge({.text = text, .pictures = 1}));
  require(judge.judge({.text = text, .pictures = 1}).has_task, "a picture is a task");

  const PromptVerdict spaced = judge.judge({.text = " \n" + text + "\r\n\t \n"});
  require(spaced.difficulty == verdict.difficulty && spaced.confidence == verdict.confidence,
          "space around changes nothing");
  require(spaced.has_task == verdict.has_task && spaced.objection == verdict.objection, "space around changes no flag");
  require(spaced.reason == verdict.reason, "space around changes no reason", verdict.reason);
  return 0;
}
