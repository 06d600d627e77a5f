#include "message/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace distiq {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// -1 if there are no four hex digits.
int four_hex(std::string_view digits) {
  if (digits.size() < 4) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(digits[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// What stands for each escape letter, 0 for what is none. \u is apart.
constexpr std::array<char, 256> simple_escapes = [] {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}();

char simple_escape(char c) {
  return simple_escapes[static_cast<unsigned char>(c)];
}

// One decoded character: 1 to 4 bytes of UTF-8.
struct Piece {
  std::array<char, 4> bytes{};
  std::uint8_t size = 0;
  std::uint8_t consumed = 0;  // bytes of the escape

  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

Piece piece_of(std::string_view utf8, std::uint8_t consumed) {
  Piece piece;
  std::memcpy(piece.bytes.data(), utf8.data(), utf8.size());
  piece.size = static_cast<std::uint8_t>(utf8.size());
  piece.consumed = consumed;
  return piece;
}

Piece encode_utf8(std::uint32_t code, std::uint8_t consumed) {
  Piece piece;
  const auto tail = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code < 0x80) {
    piece.bytes = {static_cast<char>(code)};
    piece.size = 1;
  } else if (code < 0x800) {
    piece.bytes = {static_cast<char>(0xC0 | (code >> 6)), tail(code)};
    piece.size = 2;
  } else if (code < 0x10000) {
    piece.bytes = {static_cast<char>(0xE0 | (code >> 12)), tail(code >> 6), tail(code)};
    piece.size = 3;
  } else {
    piece.bytes = {static_cast<char>(0xF0 | (code >> 18)), tail(code >> 12), tail(code >> 6), tail(code)};
    piece.size = 4;
  }
  piece.consumed = consumed;
  return piece;
}

// `at_escape` starts with a valid escape.
Piece decode_escape(std::string_view at_escape) {
  if (at_escape[1] != 'u') {
    const char c = simple_escape(at_escape[1]);
    return piece_of({&c, 1}, 2);
  }
  const auto first = static_cast<std::uint32_t>(four_hex(at_escape.substr(2)));
  if (first < 0xD800 || first > 0xDFFF) return encode_utf8(first, 6);
  if (first < 0xDC00 && at_escape.size() >= 12 && at_escape[6] == '\\' && at_escape[7] == 'u') {
    const auto second = static_cast<std::uint32_t>(four_hex(at_escape.substr(8)));
    if (second >= 0xDC00 && second <= 0xDFFF) {
      return encode_utf8(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12);
    }
  }
  return piece_of(replacement, 6);
}

// Walks `inner` beside `text`; returns what of `inner` is left when `text` is used up, nullopt at the first difference.
std::optional<std::string_view> after_prefix(std::string_view inner, std::string_view text) {
  while (!text.empty()) {
    if (inner.empty()) return std::nullopt;
    if (inner.front() != '\\') {
      if (inner.front() != text.front()) return std::nullopt;
      inner.remove_prefix(1);
      text.remove_prefix(1);
      continue;
    }
    const Piece piece = decode_escape(inner);
    if (!text.starts_with(piece.view())) return std::nullopt;
    inner.remove_prefix(piece.consumed);
    text.remove_prefix(piece.size);
  }
  return inner;
}

}  // namespace

std::size_t escape_size(std::string_view at_backslash) {
  if (at_backslash.size() < 2 || at_backslash[0] != '\\') return 0;
  if (at_backslash[1] == 'u') return four_hex(at_backslash.substr(2)) < 0 ? 0 : 6;
  return simple_escape(at_backslash[1]) == '\0' ? 0 : 2;
}

bool escapes_are_valid(std::string_view inner) {
  for (std::size_t at = inner.find('\\'); at != std::string_view::npos; at = inner.find('\\', at)) {
    const std::size_t size = escape_size(inner.substr(at));
    if (size == 0) return false;
    at += size;
  }
  return true;
}

void append_decoded(std::string& out, std::string_view inner) {
  while (true) {
    const std::size_t at = inner.find('\\');
    out += inner.substr(0, at);
    if (at == std::string_view::npos) return;
    inner.remove_prefix(at);
    const Piece piece = decode_escape(inner);
    out += piece.view();
    inner.remove_prefix(piece.consumed);
  }
}

bool decoded_equals(std::string_view inner, std::string_view text) {
  const auto rest = after_prefix(inner, text);
  return rest && rest->empty();
}

bool decoded_starts_with(std::string_view inner, std::string_view text) {
  return after_prefix(inner, text).has_value();
}

}  // namespace distiq
