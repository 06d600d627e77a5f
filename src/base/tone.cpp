#include "base/tone.h"

namespace distiq {
namespace {

std::string_view escape_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::dim:
      return "\x1b[2m";
    case Tone::strong:
      return "\x1b[1m";
    case Tone::model:
      return "\x1b[1;36m";
    case Tone::command:
      return "\x1b[36m";
    case Tone::good:
      return "\x1b[32m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::doubtful:
      return "\x1b[33m";
  }
  return "";
}

}  // namespace

std::string toned(std::string_view text, Tone tone, bool colour) {
  const std::string_view escape = colour && !text.empty() ? escape_of(tone) : "";
  if (escape.empty()) return std::string(text);
  return std::string(escape).append(text).append("\x1b[0m");
}

}  // namespace distiq
