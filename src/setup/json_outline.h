// Where the members of a JSON object stand in its text, so that one of them can be changed and every other byte stays.
// Validates the whole text strictly (RFC 8259; a byte order mark is allowed). Not a document model: values stay raw.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace distiq {

struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

struct JsonMember {
  std::string key;  // decoded
  TextRange key_range;
  TextRange value;  // without the blanks around it
};

struct JsonObject {
  TextRange range;  // with its braces
  std::vector<JsonMember> members;

  // The last one of that name, which is the one that JSON.parse takes.
  [[nodiscard]] const JsonMember* find(std::string_view key) const;
  [[nodiscard]] std::size_t count(std::string_view key) const;
};

// `text` is one object with nothing but blanks around it. Fails with bad_config; client_text says what is wrong and in
// which line ("is not valid JSON: line 3, column 7"), to be put behind a file name.
[[nodiscard]] Result<JsonObject> outline_json(std::string_view text);

// The members of an object inside a text that outline_json has accepted; nullopt if `value` is not an object.
[[nodiscard]] std::optional<JsonObject> outline_member(std::string_view text, const JsonMember& member);

// The text of a JSON string with its quotes, as it stands in an accepted text; nullopt if `raw` is not a string.
[[nodiscard]] std::optional<std::string> json_string_value(std::string_view raw);

// Whether two raw values differ in nothing but the blanks between their parts: somebody may have indented it anew.
[[nodiscard]] bool same_json(std::string_view raw, std::string_view other);

}  // namespace distiq
