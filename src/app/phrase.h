// A sentence in the languages that the commands speak. The texts may be fmt formats.
#pragma once

#include "app/config.h"

namespace distiq {

struct Phrase {
  const char* english;
  const char* russian;

  [[nodiscard]] const char* in(Language language) const { return language == Language::russian ? russian : english; }
};

}  // namespace distiq
