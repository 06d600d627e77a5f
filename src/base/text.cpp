#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace distiq {
namespace {

constexpr auto hex_pairs = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) pairs[byte] = {digits[byte >> 4U], digits[byte & 15U]};
  return pairs;
}();

// Two characters a byte.
void write_hex(char* to, std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    std::memcpy(to, hex_pairs[std::to_integer<std::size_t>(byte)].data(), 2);
    to += 2;
  }
}

// Length of the valid UTF-8 character at the start of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const auto second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;  // overlong; surrogate
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;  // overlong; above U+10FFFF
  return length;
}

// C0, DEL and the C1 controls, which some terminals obey too.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first < 0x20 || first == 0x7F) return true;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

// How many bytes at the start of `text` stand for themselves in a JSON string, looked at eight at a time: prompts of
// megabytes pass here.
std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + i, 8);
    const std::uint64_t below_space = (eight - ones * 0x20) & ~eight & tops;
    if (((eight & tops) | below_space | has_zero(eight ^ (ones * '"')) | has_zero(eight ^ (ones * '\\'))) != 0) break;
  }
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
    ++i;
  }
  return i;
}

}  // namespace

std::string_view trim(std::string_view text, std::string_view set) {
  const auto first = text.find_first_not_of(set);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(set) - first + 1);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(white_space) == std::string_view::npos;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string to_hex(std::span<const std::byte> bytes) {
  std::string hex(bytes.size() * 2, '0');
  write_hex(hex.data(), bytes);
  return hex;
}

std::string to_hex16(std::uint64_t value) {
  std::string hex;
  append_hex16(hex, value);
  return hex;
}

void append_hex16(std::string& out, std::uint64_t value) {
  const std::uint64_t big_endian = std::endian::native == std::endian::little ? std::byteswap(value) : value;
  std::array<char, 16> digits;
  write_hex(digits.data(), std::as_bytes(std::span(&big_endian, 1)));
  out.append(digits.data(), digits.size());
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  const std::string_view most = text.substr(0, max_bytes);
  std::size_t i = 0;
  while (i < most.size() && is_plain(most[i])) ++i;  // nearly always all of it
  std::string result(most.substr(0, i));
  while (i < text.size() && i < max_bytes) {
    const auto length = utf8_length(text.substr(i));
    if (length == 0 || is_control(text.substr(i, length))) {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<unsigned char>(text[i]));
      i += 1;
    } else {
      result += text.substr(i, length);
      i += length;
    }
  }
  if (i < text.size()) result += "...";
  return result;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t taken = 0;  // what stands before it is in `out`
  for (std::size_t i = 0; i < text.size();) {
    i += plain_prefix(text.substr(i));
    if (i == text.size()) break;
    const char c = text[i];
    const auto length = utf8_length(text.substr(i));
    if (length > 1) {
      i += length;
      continue;
    }
    out += text.substr(taken, i - taken);
    taken = ++i;
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
  }
  out += text.substr(taken);
  out += '"';
}

}  // namespace distiq
