// Header fields of one message in wire order and wire case, repeated names included. Names compare case-insensitively.
// Not a map on purpose: what we relay must leave in the order in which it came.
// One owner at a time; views returned live until the list is changed or destroyed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

namespace detail {
bool same_letters(const char* a, const char* b, std::size_t size);
}

[[nodiscard]] inline bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size() || a.empty()) return a.size() == b.size();
  // Most names that are equally long differ in their first or last letter.
  return (a.front() | 0x20) == (b.front() | 0x20) && (a.back() | 0x20) == (b.back() | 0x20) &&
         detail::same_letters(a.data(), b.data(), a.size());
}

class HeaderList {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  // For a parser, many at once. Requires: names and values lie in `text`, which is copied in one piece.
  void add_all(std::string_view text, std::span<const Field> fields);
  class Layout;
  // As add_all() of fields whose names and places `layout` knows; `value_sizes`: of each of them in `text`. Requires:
  // the list is empty.
  void assign(std::string_view text, const Layout& layout, std::span<const std::uint32_t> value_sizes);
  void remove(std::string_view name);  // every field of that name
  // The first field of that name, which must be there, gets another value of the same size: views stay what they are.
  void overwrite(std::string_view name, std::string_view value);
  void clear();

  // First value of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view get_or(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  // True if any field of that name holds `token` in its comma-separated list ("Connection: keep-alive, Upgrade").
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  // Calls visit(value) for every field of that name, in order.
  template <class Visit>
  void each(std::string_view name, Visit visit) const {
    const std::uint32_t key = key_of(name);
    for (const Entry& entry : entries_) {
      if (entry.key == key && equals_ignore_case(name_of(entry), name)) visit(value_of(entry));
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] Field at(std::size_t i) const { return {name_of(entries_[i]), value_of(entries_[i])}; }
  // At least the bytes of names and values together.
  [[nodiscard]] std::size_t byte_count() const { return storage_.size(); }

  class Iterator {
   public:
    Iterator(const HeaderList* list, std::size_t i) : list_(list), i_(i) {}
    Field operator*() const { return list_->at(i_); }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return i_ != other.i_; }

   private:
    const HeaderList* list_;
    std::size_t i_;
  };
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, entries_.size()}; }

 private:
  struct Entry {
    std::uint32_t key, name_at, name_size, value_at, value_size;
  };
  // Equal for equal names in whatever case, and different for nearly all others: length, last and first letter.
  static std::uint32_t key_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto letter = [](char c) { return static_cast<std::uint32_t>(static_cast<unsigned char>(c) | 0x20u); };
    return static_cast<std::uint32_t>(name.size()) << 16 | letter(name.back()) << 8 | letter(name.front());
  }
  [[nodiscard]] std::string_view name_of(const Entry& e) const { return {storage_.data() + e.name_at, e.name_size}; }
  [[nodiscard]] std::string_view value_of(const Entry& e) const { return {storage_.data() + e.value_at, e.value_size}; }

  std::string storage_;  // all names and values; one allocation instead of two per field
  std::vector<Entry> entries_;
};

// Where the fields of a message lie in its text, to find those of another with the same names and the same text between
// name and value: there only the values' sizes differ.
class HeaderList::Layout {
 public:
  Layout() = default;
  // Requires: as add_all().
  Layout(std::string_view text, std::span<const Field> fields);

 private:
  friend class HeaderList;
  std::vector<Entry> entries_;
};

}  // namespace distiq
