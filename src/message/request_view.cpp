#include "message/request_view.h"

#include <charconv>

#include "message/json_text.h"

namespace distiq {

std::string_view RequestView::inner(const JsonValue& value) const {
  return value.is_string() ? body.substr(value.range.at + 1, value.range.size - 2) : std::string_view{};
}

std::string RequestView::text(const JsonValue& value) const {
  if (!value.is_escaped()) return std::string(inner(value));
  std::string out;
  out.reserve(value.range.size);
  append_decoded(out, inner(value));
  return out;
}

bool RequestView::equals(const JsonValue& value, std::string_view text) const {
  if (!value.is_string()) return false;
  return value.is_escaped() ? decoded_equals(inner(value), text) : inner(value) == text;
}

bool RequestView::starts_with(const JsonValue& value, std::string_view text) const {
  if (!value.is_string()) return false;
  return value.is_escaped() ? decoded_starts_with(inner(value), text) : inner(value).starts_with(text);
}

bool RequestView::is_true(const JsonValue& value) const {
  return value.type == JsonType::boolean && raw(value) == "true";
}

std::optional<std::uint64_t> RequestView::max_tokens_value() const {
  constexpr std::uint64_t largest_exact_in_json = std::uint64_t{1} << 53;
  const std::string_view digits = raw(max_tokens);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (max_tokens.type != JsonType::number || error != std::errc{} || end != digits.data() + digits.size()) return {};
  if (value > largest_exact_in_json) return {};
  return value;
}

}  // namespace distiq
