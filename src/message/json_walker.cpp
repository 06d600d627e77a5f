#include "message/json_walker.h"

namespace distiq {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 8259 section 6, the whole of `s`.
bool is_number(std::string_view s) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < s.size() && is_digit(s[i])) ++i;
    return i > from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  if (i < s.size() && s[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == s.size();
}

}  // namespace

JsonWalker::JsonWalker(std::string_view text, std::span<const std::uint32_t> starts, std::size_t max_depth)
    : text_(text), starts_(starts), count_(static_cast<std::uint32_t>(starts.size() - 1)), max_depth_(max_depth) {}

void JsonWalker::fail(ScanReason reason) const {
  throw JsonError{{reason, starts_[next_ < count_ ? next_ : count_]}};
}

JsonType JsonWalker::peek() const {
  switch (front()) {
    case '{':
      return JsonType::object;
    case '[':
      return JsonType::array;
    case '"':
      return JsonType::string;
    case 't':
    case 'f':
      return JsonType::boolean;
    case 'n':
      return JsonType::null;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
      return JsonType::number;
    default:
      return JsonType::absent;
  }
}

JsonValue JsonWalker::plain_token() {
  const JsonType type = peek();
  if (next_ >= count_) fail(ScanReason::invalid_json);
  const std::uint32_t begin = starts_[next_];
  const std::uint32_t end = token_end();
  const std::string_view token = text_.substr(begin, end - begin);
  const bool valid = type == JsonType::number    ? is_number(token)
                     : type == JsonType::boolean ? token == "true" || token == "false"
                                                 : type == JsonType::null && token == "null";
  if (!valid) fail(ScanReason::invalid_json);
  ++next_;
  last_end_ = end;
  return {{begin, end - begin}, type};
}

void JsonWalker::expect_end() const {
  if (next_ != count_) fail(ScanReason::invalid_json);
}

}  // namespace distiq
