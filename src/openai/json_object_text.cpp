#include "openai/json_object_text.h"

namespace distiq {

void JsonObjectText::take(std::string_view piece, std::string& out) {
  for (const char c : piece) step(c, out);
}

void JsonObjectText::finish(std::string& out) {
  if (state_ == State::before || state_ == State::opened) out.append(held_).append(opening_);
  state_ = State::after;
  held_.clear();
  opening_.clear();
}

void JsonObjectText::step(char c, std::string& out) {
  switch (state_) {
    case State::before:
      if (c != '{') {
        held_ += c;
        return;
      }
      opening_ = c;
      state_ = State::opened;
      return;
    case State::opened:
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        opening_ += c;
        return;
      }
      if (c != '"' && c != '}') {  // "{name}" in a sentence, "{{" of a template
        held_ += opening_;
        opening_.clear();
        state_ = State::before;
        return step(c, out);
      }
      out += opening_;
      opening_.clear();
      held_.clear();
      depth_ = 1;
      state_ = State::inside;
      return step(c, out);
    case State::inside:
      out += c;
      if (c == '"') state_ = State::in_string;
      if (c == '{' || c == '[') ++depth_;
      if ((c == '}' || c == ']') && --depth_ == 0) state_ = State::after;
      return;
    case State::in_string:
      out += c;
      if (c == '"') state_ = State::inside;
      if (c == '\\') state_ = State::escaped;
      return;
    case State::escaped:
      out += c;
      state_ = State::in_string;
      return;
    case State::after:
      return;
  }
}

}  // namespace distiq
