// Text: trimmed, written as hex, or foreign and made safe to show. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

// Between words of a setting, a command, a line of JSON. Fields of HTTP allow " \t" only.
inline constexpr std::string_view white_space = " \t\r\n";

// Without the characters of `set` at both ends.
[[nodiscard]] std::string_view trim(std::string_view text, std::string_view set);
// Empty, or nothing but `white_space`.
[[nodiscard]] bool is_blank(std::string_view text);

// Between the line ends, without them. One at the end of the text begins no line.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

// Two lower-case digits a byte.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
// 16 digits, the highest first.
[[nodiscard]] std::string to_hex16(std::uint64_t value);
void append_hex16(std::string& out, std::uint64_t value);

// One line for a terminal or a log: control characters and bytes that are not UTF-8 become \xNN, and at most
// `max_bytes` of the input are taken ("..." is added then). UTF-8 stays as it is.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 80);

// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace distiq
