// How difficult a prompt is. Stand-in until the judge lands: the verdict's form only.
#pragma once

#include <string>

#include "base/tier.h"

namespace distiq {

struct PromptVerdict {
  Tier tier = Tier::opus;
  double difficulty = 1;   // 0..1
  double confidence = 0;   // 0..1
  bool has_task = false;   // false: "yes, go on", thanks; says nothing about the work
  bool objection = false;  // the human is not content with what was done
  std::string reason{};
};

}  // namespace distiq
