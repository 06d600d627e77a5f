#include "prompt/tokenizer.h"

#include <algorithm>
#include <array>
#include <string>

namespace sim {
namespace {

enum class Kind { upper, lower, digit, blank, newline, punctuation, cyrillic, letter2, wide, astral, broken };

struct Symbol {
  Kind kind;
  std::size_t bytes;
};

Kind kind_of_ascii(unsigned char c) {
  if (c >= 'a' && c <= 'z') return Kind::lower;
  if (c >= 'A' && c <= 'Z') return Kind::upper;
  if (c >= '0' && c <= '9') return Kind::digit;
  if (c == '\n' || c == '\r') return Kind::newline;
  if (c == ' ' || c == '\t') return Kind::blank;
  return Kind::punctuation;
}

std::size_t sequence_length(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 1;
}

Symbol symbol_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {kind_of_ascii(lead), 1};
  const auto length = sequence_length(lead);
  if (length == 1 || at + length > text.size()) return {Kind::broken, 1};
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return {Kind::broken, 1};
  if (length == 2) return {lead >= 0xD0 && lead <= 0xD3 ? Kind::cyrillic : Kind::letter2, 2};
  return {length == 3 ? Kind::wide : Kind::astral, length};
}

std::int64_t tokens_of_run(Kind kind, std::int64_t length) {
  const auto per = [&](std::int64_t size) { return (length + size - 1) / size; };
  switch (kind) {
    case Kind::upper:
      return per(3);
    case Kind::lower:
      return length <= 6 ? 1 : 1 + (length - 6 + 3) / 4;
    case Kind::digit:
      return per(3);
    case Kind::blank:
      return length == 1 ? 0 : per(8);  // a single blank belongs to the word after it
    case Kind::newline:
      return per(2);
    case Kind::punctuation:
      return per(2);
    case Kind::cyrillic:
      return (2 * length + 4) / 5;
    case Kind::letter2:
      return per(2);
    case Kind::wide:
      return length;
    case Kind::astral:
      return 3 * length;
    case Kind::broken:
      return length;
  }
  return length;
}

std::string decode_base64_prefix(std::string_view in, std::size_t bytes) {
  std::array<int, 256> value;
  value.fill(-1);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    value[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : in) {
    const int v = value[static_cast<unsigned char>(c)];
    if (v < 0 || out.size() == bytes) break;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    if ((count += 6) >= 8) out.push_back(static_cast<char>(bits >> (count -= 8) & 0xFF));
  }
  return out;
}

std::int64_t big_endian(std::string_view bytes) {
  std::int64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::int64_t area_of_png(std::string_view data) {
  return big_endian(data.substr(16, 4)) * big_endian(data.substr(20, 4));
}

// Walks the JPEG segments to the frame header.
std::int64_t area_of_jpeg(std::string_view data) {
  std::size_t at = 2;
  while (at + 9 < data.size() && static_cast<unsigned char>(data[at]) == 0xFF) {
    const auto marker = static_cast<unsigned char>(data[at + 1]);
    if (marker >= 0xC0 && marker <= 0xC3)
      return big_endian(data.substr(at + 5, 2)) * big_endian(data.substr(at + 7, 2));
    at += 2 + static_cast<std::size_t>(big_endian(data.substr(at + 2, 2)));
  }
  return 0;
}

}  // namespace

std::int64_t count_text_tokens(std::string_view text) {
  std::int64_t tokens = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto first = symbol_at(text, at);
    std::int64_t length = 0;
    bool capitalised = false;  // "Word" is one run, "camelCase" two
    while (at < text.size()) {
      const auto symbol = symbol_at(text, at);
      if (symbol.kind != first.kind && !(capitalised && symbol.kind == Kind::lower)) {
        if (!(length == 1 && first.kind == Kind::upper && symbol.kind == Kind::lower)) break;
        capitalised = true;
      }
      if (capitalised && symbol.kind == Kind::upper) break;
      ++length;
      at += symbol.bytes;
    }
    tokens += tokens_of_run(capitalised ? Kind::lower : first.kind, length);
  }
  return tokens;
}

std::int64_t scale_tokens(std::int64_t tokens, std::int64_t tenths) {
  return (tokens * tenths + 9) / 10;
}

std::int64_t count_image_tokens(std::string_view base64_data) {
  constexpr std::int64_t most = 4784;
  constexpr std::int64_t unknown = 1600;
  constexpr std::size_t header_bytes = 65536;
  const auto data = decode_base64_prefix(base64_data, header_bytes);
  std::int64_t area = 0;
  if (data.size() >= 24 && data.starts_with("\x89PNG")) {
    area = area_of_png(data);
  } else if (data.starts_with("\xFF\xD8")) {
    area = area_of_jpeg(data);
  }
  if (area <= 0) return unknown;
  return std::clamp<std::int64_t>(area / 750, 1, most);
}

}  // namespace sim
