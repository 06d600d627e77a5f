#include "app/price_file.h"

#include "base/file.h"

namespace distiq {

Result<PriceTable> load_prices(const std::filesystem::path& user_file) {
  if (user_file.empty()) return PriceTable::builtin();
  constexpr std::size_t max_bytes = 4u << 20;
  const auto json = read_file(user_file, max_bytes);
  if (!json) return std::unexpected(json.error());
  return PriceTable::builtin().with_file(*json, user_file.string());
}

}  // namespace distiq
