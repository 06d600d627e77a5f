// The price table in force: the one compiled in, with the user's file over it where there is one.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "money/price_table.h"

namespace distiq {

// `user_file` may be empty. Fails with bad_config and a sentence that names the file.
[[nodiscard]] Result<PriceTable> load_prices(const std::filesystem::path& user_file);

}  // namespace distiq
