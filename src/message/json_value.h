// Where one JSON value stands in a body: offsets, nothing copied. Plain data.
#pragma once

#include <cstdint>

namespace distiq {

// Bytes [at, at + size) of a body.
struct ByteRange {
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  bool operator==(const ByteRange&) const = default;
  [[nodiscard]] std::uint32_t end() const { return at + size; }
};

// As wide as the other members: a value is returned in two registers by every token of a scan, and bytes that are
// written one by one and read together would cost more than the token.
enum class JsonType : std::uint32_t { absent, null, boolean, number, string, escaped_string, array, object };

// The range covers the whole value: quotes of strings and brackets included, spaces around it not.
struct JsonValue {
  ByteRange range;
  JsonType type = JsonType::absent;

  [[nodiscard]] bool present() const { return type != JsonType::absent; }
  [[nodiscard]] bool is_string() const { return type == JsonType::string || is_escaped(); }
  // A string that holds at least one backslash: its bytes are not its text.
  [[nodiscard]] bool is_escaped() const { return type == JsonType::escaped_string; }
};

}  // namespace distiq
