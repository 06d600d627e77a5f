#include "prompt/canonical.h"

#include <algorithm>
#include <vector>

#include "base/json_fields.h"

namespace sim {
namespace {

namespace json = boost::json;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

void Canonical::text(std::string_view value) {
  raw(for_binding_ ? trimmed(value) : value);
}

void Canonical::raw(std::string_view value) {
  out_ += 's';
  out_ += std::to_string(value.size());
  out_ += ':';
  out_ += value;
}

void Canonical::write(const json::value& value, bool ordered) {
  if (const auto* object = value.if_object()) {
    write(*object, ordered, {});
  } else if (const auto* array = value.if_array()) {
    out_ += '[';
    for (const auto& item : *array) write(item, ordered);
    out_ += ']';
  } else if (const auto* text_value = value.if_string()) {
    raw(view(*text_value));
  } else {
    out_ += json::serialize(value);
    out_ += ',';
  }
}

void Canonical::write(const json::object& object, bool ordered, const std::set<std::string_view>& skip) {
  std::vector<const json::key_value_pair*> pairs;
  for (const auto& pair : object)
    if (!skip.contains(pair.key())) pairs.push_back(&pair);
  if (!ordered || for_binding_)
    std::sort(pairs.begin(), pairs.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out_ += '{';
  for (const auto* pair : pairs) {
    raw(pair->key());
    const bool significant = pair->key() == "input" || pair->key() == "input_schema";
    write(pair->value(), ordered || significant);
  }
  out_ += '}';
}

void Canonical::block(const json::object& object) {
  const auto type = string_or_empty(object, "type");
  raw(type);
  if (type == "text") {
    text(string_or_empty(object, "text"));
    fields(object, {"type", "text", "cache_control"});
  } else if (type == "tool_result") {
    raw(string_or_empty(object, "tool_use_id"));
    if (find_bool(object, "is_error")) out_ += 'e';
    content(find(object, "content"));
  } else {
    fields(object, {"type", "cache_control"});
  }
}

// A string is what one text block with it would be.
void Canonical::content(const json::value* string_or_blocks) {
  if (!string_or_blocks || string_or_blocks->is_null()) return;
  if (const auto* whole = string_or_blocks->if_string()) {
    raw("text");
    text(view(*whole));
    out_ += "{}";
  } else if (const auto* list = string_or_blocks->if_array()) {
    for (const auto& item : *list)
      if (const auto* object = item.if_object()) block(*object);
  }
}

}  // namespace sim
