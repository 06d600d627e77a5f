#include "setup/json_outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace distiq {
namespace {

constexpr std::size_t kMaxDepth = 200;  // deeper than any settings file; the parser recurses
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Every step returns false where the text is not JSON; `at` then stands at the first wrong byte.
class Parser {
 public:
  explicit Parser(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  bool whole(JsonObject& object) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    blanks();
    if (!members(&object)) return false;
    blanks();
    return at_ == text_.size();
  }

  // `object` null: only checked.
  bool members(JsonObject* object) {
    const auto begin = at_;
    if (!take('{') || ++depth_ > kMaxDepth) return false;
    blanks();
    if (!take('}')) {
      do {
        blanks();
        if (!member(object)) return false;
        blanks();
      } while (take(','));
      if (!take('}')) return false;
    }
    --depth_;
    if (object != nullptr) object->range = {begin, at_};
    return true;
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') return take('"');
      if (c < 0x20) return false;
      ++at_;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  [[nodiscard]] char front() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool member(JsonObject* object) {
    const auto key_begin = at_;
    if (!string()) return false;
    const TextRange key{key_begin, at_};
    blanks();
    if (!take(':')) return false;
    blanks();
    const auto value_begin = at_;
    if (!value()) return false;
    if (object != nullptr) {
      object->members.push_back({json_string_value(key.of(text_)).value_or(""), key, {value_begin, at_}});
    }
    return true;
  }

  bool value() {
    switch (front()) {
      case '{':
        return members(nullptr);
      case '[':
        return array();
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool array() {
    if (!take('[') || ++depth_ > kMaxDepth) return false;
    blanks();
    if (!take(']')) {
      do {
        blanks();
        if (!value()) return false;
        blanks();
      } while (take(','));
      if (!take(']')) return false;
    }
    --depth_;
    return true;
  }

  bool word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool digits() {
    const auto begin = at_;
    while (is_digit(front())) ++at_;
    return at_ > begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (front() != 'e' && front() != 'E') return true;
    ++at_;
    if (front() == '+' || front() == '-') ++at_;
    return digits();
  }

  bool escape() {
    const char c = front();
    if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos && c != '\0') {
      ++at_;
      return true;
    }
    if (!take('u')) return false;
    for (int i = 0; i < 4; ++i) {
      if (hex_value(front()) < 0) return false;
      ++at_;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t depth_ = 0;
};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t code = 0;
  for (const char c : digits) code = code << 4 | static_cast<std::uint32_t>(hex_value(c));
  return code;
}

// `at` stands behind "\u"; a surrogate pair is one character, a lone surrogate becomes U+FFFD.
std::uint32_t unicode_escape(std::string_view inner, std::size_t& at) {
  const auto high = hex4(inner.substr(at, 4));
  at += 4;
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || inner.substr(at, 2) != "\\u") return 0xFFFD;
  const auto low = hex4(inner.substr(at + 2, 4));
  if (low < 0xDC00 || low > 0xDFFF) return 0xFFFD;
  at += 6;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

std::string place(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto line_begin = before.rfind('\n');
  return fmt::format("line {}, column {}", line, at - (line_begin == std::string_view::npos ? 0 : line_begin + 1) + 1);
}

std::string without_blanks(std::string_view raw) {
  std::string text;
  bool in_string = false, escaped = false;
  for (const char c : raw) {
    if (!in_string && std::string_view(" \t\r\n").find(c) != std::string_view::npos) continue;
    text += c;
    if (c == '"' && !escaped) in_string = !in_string;
    escaped = c == '\\' && !escaped;
  }
  return text;
}

}  // namespace

const JsonMember* JsonObject::find(std::string_view key) const {
  const auto found = std::ranges::find(members.rbegin(), members.rend(), key, &JsonMember::key);
  return found == members.rend() ? nullptr : &*found;
}

std::size_t JsonObject::count(std::string_view key) const {
  return static_cast<std::size_t>(std::ranges::count(members, key, &JsonMember::key));
}

Result<JsonObject> outline_json(std::string_view text) {
  JsonObject object;
  Parser parser(text);
  if (parser.whole(object)) return object;
  auto sentence = fmt::format("is not valid JSON: {}", place(text, parser.at()));
  return fail(ErrorKind::bad_config, sentence, sentence);
}

std::optional<JsonObject> outline_member(std::string_view text, const JsonMember& member) {
  JsonObject object;
  Parser parser(text, member.value.begin);
  if (!parser.members(&object)) return std::nullopt;
  return object;
}

std::optional<std::string> json_string_value(std::string_view raw) {
  Parser parser(raw);
  if (!parser.string() || parser.at() != raw.size()) return std::nullopt;
  const auto inner = raw.substr(1, raw.size() - 2);
  std::string text;
  for (std::size_t at = 0; at < inner.size();) {
    const char c = inner[at++];
    if (c != '\\') {
      text += c;
      continue;
    }
    const char escaped = inner[at++];
    if (escaped == 'u') {
      append_utf8(text, unicode_escape(inner, at));
      continue;
    }
    constexpr std::string_view from = "bfnrt", to = "\b\f\n\r\t";
    const auto index = from.find(escaped);
    text += index == std::string_view::npos ? escaped : to[index];
  }
  return text;
}

bool same_json(std::string_view raw, std::string_view other) {
  return raw == other || without_blanks(raw) == without_blanks(other);
}

}  // namespace distiq
