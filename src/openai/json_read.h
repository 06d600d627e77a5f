// Reading a request's JSON inside openai/: a wrong type ends the translation by a ChatRefusal, which never leaves this
// folder. null counts as absent everywhere, as OpenAI's clients send it. One thread.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "openai/chat_error.h"

namespace distiq {

using JsonElement = simdjson::dom::element;

struct ChatRefusal {
  ChatError error;
};

[[noreturn]] inline void refuse(std::string param, std::string message, std::string code = {}) {
  throw ChatRefusal{{.status = 400,
                     .type = "invalid_request_error",
                     .message = std::move(message),
                     .param = std::move(param),
                     .code = std::move(code)}};
}

// Absent and null are nullopt. `parent` may be anything: what is no object has no members.
inline std::optional<JsonElement> member(const JsonElement& parent, std::string_view key) {
  JsonElement value;
  if (parent[key].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

inline std::string_view text_of(const JsonElement& value, const std::string& param) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) refuse(param, param + " must be a string.");
  return text;
}

inline std::optional<std::string_view> text_member(const JsonElement& parent, std::string_view key,
                                                   const std::string& where = {}) {
  const auto value = member(parent, key);
  if (!value) return std::nullopt;
  return text_of(*value, where.empty() ? std::string(key) : where + "." + std::string(key));
}

inline bool bool_member(const JsonElement& parent, std::string_view key, bool otherwise) {
  const auto value = member(parent, key);
  bool is_set = otherwise;
  if (value && value->get(is_set) != simdjson::SUCCESS)
    refuse(std::string(key), std::string(key) + " must be true or false.");
  return is_set;
}

inline std::optional<simdjson::dom::array> array_member(const JsonElement& parent, std::string_view key,
                                                        const std::string& where = {}) {
  const auto value = member(parent, key);
  if (!value) return std::nullopt;
  simdjson::dom::array list;
  const std::string param = where.empty() ? std::string(key) : where + "." + std::string(key);
  if (value->get(list) != simdjson::SUCCESS) refuse(param, param + " must be an array.");
  return list;
}

}  // namespace distiq
