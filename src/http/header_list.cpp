#include "http/header_list.h"

#include <algorithm>
#include <cstring>

#include "base/lower_case.h"
#include "base/text.h"

namespace distiq {
namespace {

// Lists of our own are short; a message's fields come by add_all().
constexpr std::size_t expected_fields = 8;
constexpr std::size_t expected_bytes = 512;

bool same_eight(const char* a, const char* b) {
  std::uint64_t left = 0;
  std::uint64_t right = 0;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  return left == right || lower(left) == lower(right);
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
  constexpr std::size_t step = 8;
  if (size < step) return std::equal(a, a + size, b, [](char x, char y) { return lower(x) == lower(y); });
  for (std::size_t at = 0; at + step < size; at += step) {
    if (!same_eight(a + at, b + at)) return false;
  }
  return same_eight(a + size - step, b + size - step);
}

void HeaderList::add(std::string_view name, std::string_view value) {
  if (entries_.empty()) {
    storage_.reserve(expected_bytes);
    entries_.reserve(expected_fields);
  }
  const auto name_at = static_cast<std::uint32_t>(storage_.size());
  storage_.append(name).append(value);
  entries_.push_back({.key = key_of(name),
                      .name_at = name_at,
                      .name_size = static_cast<std::uint32_t>(name.size()),
                      .value_at = static_cast<std::uint32_t>(name_at + name.size()),
                      .value_size = static_cast<std::uint32_t>(value.size())});
}

void HeaderList::add_all(std::string_view text, std::span<const Field> fields) {
  const std::size_t base = storage_.size();
  storage_.append(text);
  entries_.resize(entries_.size() + fields.size());
  Entry* entry = entries_.data() + entries_.size() - fields.size();
  for (const auto& [name, value] : fields) {
    *entry++ = {.key = key_of(name),
                .name_at = static_cast<std::uint32_t>(base + (name.data() - text.data())),
                .name_size = static_cast<std::uint32_t>(name.size()),
                .value_at = static_cast<std::uint32_t>(base + (value.data() - text.data())),
                .value_size = static_cast<std::uint32_t>(value.size())};
  }
}

HeaderList::Layout::Layout(std::string_view text, std::span<const Field> fields) {
  HeaderList list;
  list.add_all(text, fields);
  entries_ = std::move(list.entries_);
}

void HeaderList::assign(std::string_view text, const Layout& layout, std::span<const std::uint32_t> value_sizes) {
  storage_ = text;
  entries_ = layout.entries_;
  std::uint32_t shift = 0;  // modulo 2^32: what lies before may be shorter
  auto value_size = value_sizes.begin();
  for (Entry& entry : entries_) {
    entry.name_at += shift;
    entry.value_at += shift;
    shift += *value_size - entry.value_size;
    entry.value_size = *value_size++;
  }
}

void HeaderList::overwrite(std::string_view name, std::string_view value) {
  const auto entry =
      std::ranges::find_if(entries_, [&](const Entry& e) { return equals_ignore_case(name_of(e), name); });
  value.copy(storage_.data() + entry->value_at, entry->value_size);
}

void HeaderList::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return equals_ignore_case(name_of(entry), name); });
}

void HeaderList::clear() {
  storage_.clear();
  entries_.clear();
}

std::optional<std::string_view> HeaderList::find(std::string_view name) const {
  const std::uint32_t key = key_of(name);
  for (const Entry& entry : entries_) {
    if (entry.key == key && equals_ignore_case(name_of(entry), name)) return value_of(entry);
  }
  return std::nullopt;
}

std::string_view HeaderList::get_or(std::string_view name, std::string_view otherwise) const {
  return find(name).value_or(otherwise);
}

bool HeaderList::has_token(std::string_view name, std::string_view token) const {
  bool found = false;
  each(name, [&](std::string_view list) { found = found || list_holds(list, token); });
  return found;
}

}  // namespace distiq
