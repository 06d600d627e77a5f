// Reading fields of a JSON object without exceptions and without repeating the same three lines.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sim {

// Schemas of tools nest deeper than the library's default allows.
inline boost::json::value parse_json(std::string_view text, boost::system::error_code& failed) {
  boost::json::parse_options options;
  options.max_depth = 256;
  return boost::json::parse(text, failed, {}, options);
}

// nullptr when absent or of another type.
inline const boost::json::value* find(const boost::json::object& object, std::string_view key) {
  return object.if_contains(key);
}

inline const boost::json::object* find_object(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

inline const boost::json::array* find_array(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

inline std::optional<std::string_view> find_string(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  if (!text) return std::nullopt;
  return std::string_view(text->data(), text->size());
}

inline std::string_view string_or_empty(const boost::json::object& object, std::string_view key) {
  return find_string(object, key).value_or(std::string_view{});
}

inline std::optional<std::int64_t> as_integer(const boost::json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_uint64())
    return *number > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(*number);
  return std::nullopt;
}

inline std::optional<std::int64_t> find_integer(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? as_integer(*value) : std::nullopt;
}

inline bool find_bool(const boost::json::object& object, std::string_view key, bool otherwise = false) {
  const auto* value = object.if_contains(key);
  const auto* flag = value ? value->if_bool() : nullptr;
  return flag ? *flag : otherwise;
}

inline std::string_view view(const boost::json::string& text) {
  return {text.data(), text.size()};
}

// Absent and null mean the same.
inline bool is_set(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && !value->is_null();
}

}  // namespace sim
