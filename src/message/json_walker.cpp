#include "message/json_walker.h"

#include <simdjson.h>

#include "message/string_end.h"

namespace distiq {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 8259 section 6: bytes of the number that `s` starts with, 0 if it is none.
std::size_t number_size(std::string_view s) {
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
    return 0;
  }
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (!digits()) return 0;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!digits()) return 0;
  }
  return i;
}

std::size_t literal_size(std::string_view s, std::string_view literal) {
  return s.starts_with(literal) ? literal.size() : 0;
}

}  // namespace

JsonWalker::JsonWalker(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {
  skip_spaces();
}

void JsonWalker::fail(ScanReason reason) const {
  throw JsonError{{reason, next_}};
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

JsonValue JsonWalker::string_token() {
  if (front() != '"') fail(ScanReason::invalid_json);
  const std::uint32_t begin = next_;
  if (const std::size_t end = short_string_end(text_, begin + std::size_t{1}); end != 0) {
    next_ = static_cast<std::uint32_t>(end);
    step();
    return {{begin, last_end_ - begin}, JsonType::string};
  }
  const StringEnd end = find_string_end(text_, begin + std::size_t{1});
  if (end.at == StringEnd::none) fail(ScanReason::invalid_json);
  non_ascii_ = non_ascii_ || end.non_ascii;
  next_ = static_cast<std::uint32_t>(end.at);
  step();
  return {{begin, last_end_ - begin}, end.escaped ? JsonType::escaped_string : JsonType::string};
}

// What follows it must be a comma, a bracket or the end: whoever asks for the next token finds out.
JsonValue JsonWalker::plain_token() {
  const JsonType type = peek();
  const std::string_view rest = text_.substr(next_);
  std::size_t size = 0;
  if (type == JsonType::number) size = number_size(rest);
  if (type == JsonType::boolean) size = literal_size(rest, rest[0] == 't' ? "true" : "false");
  if (type == JsonType::null) size = literal_size(rest, "null");
  if (size == 0) fail(ScanReason::invalid_json);
  const std::uint32_t begin = next_;
  next_ += static_cast<std::uint32_t>(size - 1);
  step();
  return {{begin, last_end_ - begin}, type};
}

JsonValue JsonWalker::pass_known(std::string_view value, JsonType type) {
  if (value.empty() || !text_.substr(next_).starts_with(value)) return {};
  check_utf8();
  const std::uint32_t begin = next_;
  next_ += static_cast<std::uint32_t>(value.size() - 1);
  step();
  unchecked_from_ = last_end_;
  return {{begin, last_end_ - begin}, type};
}

// Between two tokens: outside strings the grammar knows ASCII only.
void JsonWalker::check_utf8() {
  if (non_ascii_) {
    is_utf8_ = is_utf8_ && simdjson::validate_utf8(text_.data() + unchecked_from_, next_ - unchecked_from_);
  }
  non_ascii_ = false;
  unchecked_from_ = next_;
}

void JsonWalker::expect_end() {
  if (next_ != text_.size()) fail(ScanReason::invalid_json);
  check_utf8();
  if (!is_utf8_) fail(ScanReason::invalid_utf8);
}

}  // namespace distiq
