// How `chat` speaks to people: whole lines, in their language, coloured where the terminal is. One thread.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "app/command.h"
#include "app/phrase.h"
#include "base/text.h"
#include "base/tone.h"

namespace distiq {

struct ChatScreen {
  std::ostream& out;
  Language language = Language::english;
  bool colour = false;

  template <class... Values>
  [[nodiscard]] std::string say(const Phrase& phrase, const Values&... values) const {
    return distiq::say(language, phrase, values...);
  }
  void line(std::string_view text, Tone tone = Tone::plain) const { out << toned(text, tone, colour) << std::endl; }
  void complain(std::string_view text) const { line(printable(text, 1'000), Tone::bad); }
};

}  // namespace distiq
