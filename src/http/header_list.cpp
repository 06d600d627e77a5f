#include "http/header_list.h"

#include <algorithm>

#include "base/text.h"

namespace distiq {
namespace {

// A Claude Code request has about 25 fields with 1.2 KB.
constexpr std::size_t expected_fields = 32;
constexpr std::size_t expected_bytes = 2048;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool list_holds(std::string_view list, std::string_view token) {
  while (true) {
    const auto comma = list.find(',');
    if (equals_ignore_case(trim(list.substr(0, comma), " \t"), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

bool detail::same_letters(const char* a, const char* b, std::size_t size) {
  return std::equal(a, a + size, b, [](char x, char y) { return lower(x) == lower(y); });
}

void HeaderList::add(std::string_view name, std::string_view value) {
  if (storage_.empty()) storage_.reserve(expected_bytes);
  Entry entry{};
  entry.name_at = static_cast<std::uint32_t>(storage_.size());
  entry.name_size = static_cast<std::uint32_t>(name.size());
  storage_.append(name);
  entry.value_at = static_cast<std::uint32_t>(storage_.size());
  entry.value_size = static_cast<std::uint32_t>(value.size());
  storage_.append(value);
  if (entries_.empty()) entries_.reserve(expected_fields);
  entries_.push_back(entry);
}

void HeaderList::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& e) {
    return equals_ignore_case(std::string_view(storage_).substr(e.name_at, e.name_size), name);
  });
}

void HeaderList::clear() {
  storage_.clear();
  entries_.clear();
}

HeaderList::Field HeaderList::at(std::size_t i) const {
  const Entry& e = entries_[i];
  return {{storage_.data() + e.name_at, e.name_size}, {storage_.data() + e.value_at, e.value_size}};
}

std::optional<std::string_view> HeaderList::find(std::string_view name) const {
  for (const Field field : *this) {
    if (equals_ignore_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string_view HeaderList::get_or(std::string_view name, std::string_view otherwise) const {
  return find(name).value_or(otherwise);
}

bool HeaderList::has_token(std::string_view name, std::string_view token) const {
  for (const Field field : *this) {
    if (equals_ignore_case(field.name, name) && list_holds(field.value, token)) return true;
  }
  return false;
}

}  // namespace distiq
