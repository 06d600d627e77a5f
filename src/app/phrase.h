// A sentence in the languages that the commands speak. The texts may be fmt formats.
#pragma once

#include <fmt/format.h>

#include <string>

#include "app/config/config.h"

namespace distiq {

struct Phrase {
  const char* english;
  const char* russian;

  [[nodiscard]] const char* in(Language language) const { return language == Language::russian ? russian : english; }
};

template <class... Values>
[[nodiscard]] std::string say(Language language, const Phrase& phrase, const Values&... values) {
  return fmt::format(fmt::runtime(phrase.in(language)), values...);
}

}  // namespace distiq
