#include "storage/stored_text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace distiq {
namespace {

constexpr std::size_t max_line_bytes = 240;

bool is_identifier_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return false;
  return std::isalnum(byte) != 0 || std::string_view("-_.:/@+=,~%*[]()").find(c) != std::string_view::npos;
}

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool contains_ignoring_case(std::string_view text, std::string_view lower_needle) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), lower_needle.begin(), lower_needle.end(), same) != text.end();
}

}  // namespace

bool looks_like_credential(std::string_view text) {
  constexpr std::array<std::string_view, 4> shapes = {"sk-ant-", "bearer ", "x-api-key", "authorization:"};
  return std::any_of(shapes.begin(), shapes.end(),
                     [&](std::string_view shape) { return contains_ignoring_case(text, shape); });
}

StoredText StoredText::identifier(std::string_view text, std::size_t max_bytes) {
  if (looks_like_credential(text)) return StoredText("(redacted)");
  if (!std::all_of(text.begin(), text.end(), is_identifier_byte)) return StoredText("(not stored)");
  return StoredText(text.substr(0, max_bytes));
}

StoredText StoredText::line(std::string_view text) {
  if (looks_like_credential(text)) return StoredText("(redacted)");
  std::size_t length = std::min(text.size(), max_line_bytes);
  while (length > 0 && length < text.size() && is_continuation_byte(text[length])) --length;
  StoredText line(text.substr(0, length));
  std::replace_if(line.text_.begin(), line.text_.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

}  // namespace distiq
