// The anthropic-ratelimit-* fields of one answer, in their order: a dozen and more per answer, so all in one text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/lower_case.h"

namespace distiq {

class RateLimitFields {
 public:
  struct Field {
    std::string_view name;  // lower case
    std::string_view value;

    bool operator==(const Field&) const = default;
  };

  RateLimitFields() = default;
  RateLimitFields(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }

  void reserve(std::size_t fields, std::size_t bytes) {
    ends_.reserve(2 * fields);
    text_.reserve(bytes);
  }
  // The name's letters become lower case.
  void add(std::string_view name, std::string_view value) {
    text_ += name;
    make_lower(text_.data() + text_.size() - name.size(), name.size());
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
    text_ += value;
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }

  [[nodiscard]] bool empty() const { return ends_.empty(); }
  [[nodiscard]] std::size_t size() const { return ends_.size() / 2; }
  // Until the next change.
  [[nodiscard]] Field operator[](std::size_t index) const { return {part(2 * index), part(2 * index + 1)}; }

  // The same names in the same order.
  [[nodiscard]] bool has_names_of(const RateLimitFields& other) const {
    if (size() != other.size()) return false;
    for (std::size_t i = 0; i < ends_.size(); i += 2) {
      if (part(i) != other.part(i)) return false;
    }
    return true;
  }

  bool operator==(const RateLimitFields&) const = default;

 private:
  [[nodiscard]] std::string_view part(std::size_t index) const {
    const std::uint32_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(begin, ends_[index] - begin);
  }

  std::string text_;                 // name, value, name, value ...
  std::vector<std::uint32_t> ends_;  // of each of them
};

}  // namespace distiq
