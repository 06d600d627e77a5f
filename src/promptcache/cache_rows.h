// The prompt cache's state as lines of text, for the store (docs/formats/prompt_cache.md). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "promptcache/shadow_cache.h"

namespace distiq {

// Reads a row word by word; whatever does not fit makes the whole row bad.
class RowReader {
 public:
  explicit RowReader(std::string_view row) : rest_(row) {}

  [[nodiscard]] bool word(std::string_view expected);
  [[nodiscard]] std::optional<std::uint64_t> hex();
  [[nodiscard]] std::optional<std::uint64_t> number(std::uint64_t most);
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view next();
  std::string_view rest_;
};

// Writes a row word by word. Thousands are written while every request waits.
class RowWriter {
 public:
  explicit RowWriter(std::string_view kind) : size_(kind.copy(row_.data(), row_.size())) {}

  RowWriter& hex(std::uint64_t value) { return add(value, 16); }
  RowWriter& number(std::int64_t value) { return add(value, 10); }
  RowWriter& number(std::uint64_t value) { return add(value, 10); }
  [[nodiscard]] std::string row() const { return {row_.data(), size_}; }

 private:
  template <class Number>
  RowWriter& add(Number value, int base);

  std::array<char, 320> row_{};  // the longest has 18 numbers and 291 bytes
  std::size_t size_;
};

void write_entry_rows(const ShadowCache& cache, char world, MonotonicTime now, WallTime wall,
                      std::vector<std::string>& rows);
[[nodiscard]] bool restore_entry_row(ShadowCache& cache, char world, std::string_view row, MonotonicTime now,
                                     WallTime wall);

}  // namespace distiq
