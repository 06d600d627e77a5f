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

enum class JsonType : std::uint8_t { absent, null, boolean, number, string, array, object };

// The range covers the whole value: quotes of strings and brackets included, spaces around it not.
struct JsonValue {
  ByteRange range;
  JsonType type = JsonType::absent;
  bool escaped = false;  // a string that holds at least one backslash: its bytes are not its text

  [[nodiscard]] bool present() const { return type != JsonType::absent; }
  [[nodiscard]] bool is_string() const { return type == JsonType::string; }
};

}  // namespace distiq
