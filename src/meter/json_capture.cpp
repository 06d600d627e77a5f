#include "meter/json_capture.h"

#include <algorithm>
#include <utility>

#include "base/find_either.h"

namespace distiq {

JsonCapture::JsonCapture(std::span<const std::string_view> wanted) : wanted_(wanted), members_(wanted.size()) {}

void JsonCapture::feed(std::string_view bytes) {
  while (!bytes.empty() && !ended_ && !(lost_ && place_ == Place::before_root)) {
    if (in_string_) {
      bytes = take_string(bytes);
    } else {
      take_structure(bytes.front());
      bytes.remove_prefix(1);
    }
  }
}

// Consumes string content up to its closing quote or the end of the bytes.
std::string_view JsonCapture::take_string(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (std::exchange(escaped_, false)) {
      ++i;
      continue;
    }
    i += find_either(bytes.substr(i), '"', '\\');
    if (i == bytes.size()) break;
    if (bytes[i] == '"') {
      in_string_ = false;
      break;
    }
    escaped_ = true;
    ++i;
  }
  keep(bytes.substr(0, in_string_ ? i : i + 1));
  if (in_string_) return {};
  if (place_ == Place::in_key) {
    if (!key_dropped_) key_.pop_back();  // the closing quote
    place_ = Place::before_colon;
  }
  return bytes.substr(i + 1);
}

void JsonCapture::take_structure(char c) {
  const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
  if (place_ == Place::before_root) {
    if (c == '{') {
      depth_ = 1;
      place_ = Place::before_key;
    } else if (!blank) {
      lost_ = true;
    }
    return;
  }
  if (c == '"') {
    in_string_ = true;
    if (place_ == Place::before_key) {
      place_ = Place::in_key;
      key_.clear();
      key_dropped_ = false;
    } else {
      keep("\"");
    }
    return;
  }
  if (depth_ == 1) {
    if (c == ':' && place_ == Place::before_colon) return begin_value();
    if (c == ',') return end_value();
    if (c == '}' || c == ']') {
      end_value();
      ended_ = true;
      return;
    }
  }
  if (c == '{' || c == '[') ++depth_;
  if (c == '}' || c == ']') --depth_;
  if (!blank) keep(std::string_view(&c, 1));
}

void JsonCapture::keep(std::string_view bytes) {
  if (place_ == Place::in_key) {
    if (key_.size() + bytes.size() > kMaxKeyBytes) key_dropped_ = true;
    if (!key_dropped_) key_.append(bytes);
    return;
  }
  if (current_ == kNone || value_dropped_) return;
  if (value_.size() + bytes.size() > kMaxValueBytes) {
    value_dropped_ = lost_ = true;
    value_.clear();
    return;
  }
  value_.append(bytes);
}

void JsonCapture::begin_value() {
  place_ = Place::in_value;
  const auto it = std::ranges::find(wanted_, std::string_view(key_));
  current_ = key_dropped_ || it == wanted_.end() ? kNone : static_cast<std::size_t>(it - wanted_.begin());
  value_.clear();
  value_dropped_ = false;
}

void JsonCapture::end_value() {
  if (current_ != kNone && !value_dropped_ && !value_.empty()) members_[current_] = {.text = value_, .whole = true};
  current_ = kNone;
  place_ = Place::before_key;
}

std::string JsonCapture::to_json() const {
  std::string json = "{";
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].whole) continue;
    if (json.size() > 1) json += ',';
    json.append("\"").append(wanted_[i]).append("\":").append(members_[i].text);
  }
  json += '}';
  return json;
}

}  // namespace distiq
