#include "storage/stored_text.h"

#include <algorithm>
#include <array>

namespace distiq {
namespace {

constexpr std::size_t max_line_bytes = 240;
constexpr std::size_t max_json_bytes = 2048;

// What an identifier may not hold, and the marks of a credential's shape: see looks_like_credential().
constexpr unsigned char foreign = 1;
constexpr unsigned char mark = 2;

constexpr std::array<unsigned char, 256> byte_kinds = [] {
  std::array<unsigned char, 256> table{};
  table.fill(foreign);
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+=,~%*[]()")) {
    table[static_cast<unsigned char>(c)] = 0;
  }
  for (const char c : std::string_view("- :")) table[static_cast<unsigned char>(c)] |= mark;
  return table;
}();

bool is_control_byte(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

bool is_continuation_byte(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Whether `text` has `lower_shape` at `at` - `before`, whatever its case.
bool has_shape(std::string_view text, std::size_t at, std::size_t before, std::string_view lower_shape) {
  if (at < before || text.size() - (at - before) < lower_shape.size()) return false;
  return std::equal(lower_shape.begin(), lower_shape.end(), text.begin() + static_cast<std::ptrdiff_t>(at - before),
                    [](char a, char b) { return a == b || (a >= 'a' && a <= 'z' && b == a - ('a' - 'A')); });
}

}  // namespace

bool looks_like_credential(std::string_view text) {
  // Every text of every record passes here, so only the rare marks of the shapes are looked at closely.
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '-':
        if (has_shape(text, at, 2, "sk-ant-") || has_shape(text, at, 1, "x-api-key")) return true;
        break;
      case ' ':
        if (has_shape(text, at, 6, "bearer ")) return true;
        break;
      case ':':
        if (has_shape(text, at, 13, "authorization:")) return true;
        break;
      default:
        break;
    }
  }
  return false;
}

StoredText StoredText::identifier(std::string_view text, std::size_t max_bytes) {
  unsigned kinds = 0;
  for (const char c : text) kinds |= byte_kinds[static_cast<unsigned char>(c)];
  if ((kinds & mark) != 0 && looks_like_credential(text)) return StoredText("(redacted)");
  if ((kinds & foreign) != 0) return StoredText("(not stored)");
  return StoredText(text.substr(0, max_bytes));
}

StoredText StoredText::json(std::string_view text) {
  if (looks_like_credential(text)) return StoredText("(redacted)");
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  return is_plain && text.size() <= max_json_bytes ? StoredText(text) : StoredText("(not stored)");
}

StoredText StoredText::line(std::string_view text) {
  if (looks_like_credential(text)) return StoredText("(redacted)");
  std::size_t length = std::min(text.size(), max_line_bytes);
  while (length > 0 && length < text.size() && is_continuation_byte(text[length])) --length;
  const std::string_view kept = text.substr(0, length);
  if (std::none_of(kept.begin(), kept.end(), is_control_byte)) return StoredText(kept);
  StoredText line("");
  line.owned_ = kept;
  std::replace_if(line.owned_.begin(), line.owned_.end(), is_control_byte, ' ');
  return line;
}

}  // namespace distiq
