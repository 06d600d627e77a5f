// Reads a model file (docs/formats/models.md) into a PriceTable. Used by PriceTable::with_file only.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "money/price_table.h"

namespace distiq {

class ModelFileReader {
 public:
  static constexpr std::size_t kMaxFileBytes = 4U << 20U;
  static constexpr std::size_t kMaxModels = 1000;

  // Writes into `table`, which is half changed if reading fails.
  ModelFileReader(PriceTable& table, std::string_view source) : table_(table), source_(source) {}
  [[nodiscard]] Result<void> read(std::string_view json);

 private:
  struct Json;  // the part that knows the JSON library

  PriceTable& table_;
  std::string source_;
};

}  // namespace distiq
