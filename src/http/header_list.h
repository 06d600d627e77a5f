// Header fields of one message in wire order and wire case, repeated names included. Names compare case-insensitively.
// Not a map on purpose: what we relay must leave in the order in which it came.
// One owner at a time; views returned live until the list is changed or destroyed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

namespace detail {
bool same_letters(const char* a, const char* b, std::size_t size);
}

[[nodiscard]] inline bool equals_ignore_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         (a.empty() || ((a[0] | 0x20) == (b[0] | 0x20) && detail::same_letters(a.data(), b.data(), a.size())));
}

class HeaderList {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  void remove(std::string_view name);  // every field of that name
  void clear();

  // First value of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view get_or(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  // True if any field of that name holds `token` in its comma-separated list ("Connection: keep-alive, Upgrade").
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] Field at(std::size_t i) const;
  // Bytes of names and values together.
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
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  std::string storage_;  // all names and values; one allocation instead of two per field
  std::vector<Entry> entries_;
};

}  // namespace distiq
