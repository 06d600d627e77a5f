#include "storage/stored_text.h"

#include <algorithm>
#include <array>

namespace distiq {
namespace {

constexpr std::size_t max_line_bytes = 240;

constexpr std::array<bool, 256> identifier_bytes = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+=,~%*[]()")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_identifier_byte(char c) {
  return identifier_bytes[static_cast<unsigned char>(c)];
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_continuation_byte(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() && std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                                                          [](char a, char b) { return a == lower(b); });
}

constexpr std::array<std::string_view, 4> credential_shapes = {"sk-ant-", "bearer ", "x-api-key", "authorization:"};

}  // namespace

bool looks_like_credential(std::string_view text) {
  // By hand, because every text of every record passes here.
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const std::string_view shape : credential_shapes) {
      if (lower(text[at]) == shape[0] && starts_with_ignoring_case(text.substr(at), shape)) return true;
    }
  }
  return false;
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
  std::replace_if(
      line.text_.begin(), line.text_.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

}  // namespace distiq
