// Sets and removes single members of a JSON object in its text: order, indentation, line breaks and every other byte
// stay. A new member goes behind the last one and looks like it. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace distiq {

// Names a member of the outermost object (`parent` empty), or of the object that is its member `parent`.
struct JsonPath {
  std::string parent;
  std::string key;

  [[nodiscard]] std::string text() const { return parent.empty() ? key : parent + "." + key; }
  bool operator==(const JsonPath&) const = default;
};

// All functions fail with bad_config where the text is not an object, where `parent` is no object, or where one of the
// two names stands there twice (which one counts is then a matter of the reader); client_text goes behind a file name.

// The raw value; nullopt: no such member.
[[nodiscard]] Result<std::optional<std::string>> find_json(std::string_view text, const JsonPath& path);

// The text with that member set to the JSON value `raw`; a missing parent is added.
[[nodiscard]] Result<std::string> set_json(std::string_view text, const JsonPath& path, std::string_view raw);

// The text without that member, or as it was if there is none. The parent stays, empty if need be.
[[nodiscard]] Result<std::string> remove_json(std::string_view text, const JsonPath& path);

}  // namespace distiq
