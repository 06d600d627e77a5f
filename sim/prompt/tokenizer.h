// A stand-in tokenizer: deterministic and deliberately uneven, so that nobody can pass a test by assuming so many
// characters per token. Not the real vocabulary. Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sim {

// Tokens of `text` in the 4.x tokenizer. English words cost 1 up to 6 letters, Cyrillic one per 2.5 letters, digits one
// per 3, indentation one per 8 blanks, CJK one per character, bytes that are not UTF-8 one each.
std::int64_t count_text_tokens(std::string_view text);

// The same amount for a model that needs tenths/10 tokens for one of the above, rounded up.
std::int64_t scale_tokens(std::int64_t tokens, std::int64_t tenths);

// Tokens of an image from its base64 data: width * height / 750, at most 4784. Unknown formats cost 1600.
std::int64_t count_image_tokens(std::string_view base64_data);

}  // namespace sim
