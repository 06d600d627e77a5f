// JSON strings as text: escapes resolved, without a copy where possible. Writing them is base/text.h.
// "Inner" means the bytes between the quotes of a string whose escapes were validated. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

// Bytes of the escape that starts with this backslash; 0 if it is none of JSON's.
[[nodiscard]] std::size_t escape_size(std::string_view at_backslash);

// True if every backslash starts one of JSON's escapes. Lone surrogates (\ud800) are legal JSON and pass.
[[nodiscard]] bool escapes_are_valid(std::string_view inner);

// Appends the text as UTF-8; a lone surrogate becomes U+FFFD. Requires: escapes_are_valid(inner).
void append_decoded(std::string& out, std::string_view inner);

// Compare without allocating. `text` is UTF-8. Requires: escapes_are_valid(inner).
[[nodiscard]] bool decoded_equals(std::string_view inner, std::string_view text);
[[nodiscard]] bool decoded_starts_with(std::string_view inner, std::string_view text);

}  // namespace distiq
