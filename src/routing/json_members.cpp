#include "routing/json_members.h"

namespace distiq {

// The scan has validated these bytes: brackets match and strings end.
JsonValue direct_string_member(const RequestView& view, ByteRange object, std::string_view name) {
  const std::string_view text = view.raw(object);
  int depth = 0;
  bool is_key = false;
  bool is_wanted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') {
      ++depth;
      is_key = c == '{';
      is_wanted = false;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',') {
      is_key = true;
      is_wanted = false;
    } else if (c == ':') {
      is_key = false;
    } else if (c == '"') {
      std::size_t end = i + 1;
      bool escaped = false;
      for (; text[end] != '"'; ++end) {
        if (text[end] != '\\') continue;
        escaped = true;
        ++end;
      }
      const ByteRange range{object.at + static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(end + 1 - i)};
      if (depth == 1 && is_key) {
        is_wanted = !escaped && text.substr(i + 1, end - i - 1) == name;
      } else if (depth == 1 && is_wanted) {
        return {.range = range, .type = escaped ? JsonType::escaped_string : JsonType::string};
      }
      i = end;
    }
  }
  return {};
}

}  // namespace distiq
