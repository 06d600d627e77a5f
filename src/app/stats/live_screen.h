// What `stats --live` shows, made to fit the terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "money/price_table.h"
#include "stats/request_record.h"

namespace distiq {

struct ScreenSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

// A line each, the id among what it says.
[[nodiscard]] std::string format_newest(std::span<const RequestRecord> records, const PriceTable& prices, bool colour);

// At most `size.rows` lines of at most `size.columns` columns, escape sequences not counted; a longer line ends in "…".
// `report` is shown from its start in whole parts (blank lines part it), so far as some lines of `newest` fit below it,
// under `heading`; `footer` is the last line. At least the first two parts of the report are shown where they fit.
[[nodiscard]] std::string fit_screen(std::string_view report, std::string_view heading, std::string_view newest,
                                     std::string_view footer, ScreenSize size);

}  // namespace distiq
