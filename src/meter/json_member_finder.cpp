#include "meter/json_member_finder.h"

namespace distiq {

void JsonMemberFinder::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (ended_ || found_) return;
    if (in_string_) {
      take_in_string(c);
    } else {
      take(c);
    }
    ++at_;
  }
}

void JsonMemberFinder::take_in_string(char c) {
  if (place_ == Place::in_key && on_path() && (c != '"' || escaped_) && key_.size() <= kMaxKeyBytes) key_ += c;
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    in_string_ = false;
    if (is_wanted_) found_ = Range{value_at_, at_ + 1 - value_at_};
    if (place_ == Place::in_key) place_ = Place::before_colon;
  }
}

void JsonMemberFinder::begin_string() {
  in_string_ = true;
  if (on_path() && place_ == Place::before_key) {
    place_ = Place::in_key;
    key_.clear();
  }
}

// The first byte of a value directly inside the object of the path.
void JsonMemberFinder::begin_value(char c) {
  place_ = Place::in_value;
  if (key_ != path_[matched_]) return;
  const bool is_last = matched_ + 1 == path_.size();
  if (is_last && c == '"') {
    is_wanted_ = true;
    value_at_ = at_;
  } else if (!is_last && c == '{') {
    ++matched_;
    place_ = Place::before_key;
  } else {
    ended_ = true;
  }
}

void JsonMemberFinder::take(char c) {
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return;
  if (place_ == Place::before_root) {
    ended_ = c != '{';
    depth_ = 1;
    place_ = Place::before_key;
    return;
  }
  if (on_path()) {
    if (c == ':' && place_ == Place::before_colon) {
      place_ = Place::before_value;
      return;
    }
    if (c == ',') {
      place_ = Place::before_key;
      return;
    }
    if (place_ == Place::before_value) begin_value(c);
  }
  if (c == '"') return begin_string();
  if (c == '{' || c == '[') ++depth_;
  if (c == '}' || c == ']') {
    // Leaving an object of the path: what was sought was not in it.
    ended_ = on_path();
    --depth_;
  }
}

}  // namespace distiq
