// The prompt cache's state as lines of text, for the store (docs/formats/prompt_cache.md). Pure.
#pragma once

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

void write_entry_rows(const ShadowCache& cache, char world, MonotonicTime now, WallTime wall,
                      std::vector<std::string>& rows);
[[nodiscard]] bool restore_entry_row(ShadowCache& cache, char world, std::string_view row, MonotonicTime now,
                                     WallTime wall);

}  // namespace distiq
