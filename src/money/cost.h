// What an answer cost by list price, in integers. Pure functions.
// Any thread.
#pragma once

#include <string_view>

#include "base/units.h"
#include "money/price_table.h"
#include "money/usage.h"

namespace distiq {

struct Charge {
  PicoUsd cost;            // exact; round it once, where it is shown
  TokenUsage billed;       // summed over every billed pass
  bool estimated = false;  // model, speed, geography or tier are not in the table: priced by the nearest known
};

// A report without usage costs nothing. The model that answered sets the price; `requested_model` stands in where the
// answer names none or one that nobody knows. With iterations, each is priced by its own model and its own prompt
// length, and the report's total only adds the server tools. Nothing is billed for a refusal before any output, but for
// some categories. Sums that would pass int64 stop at its maximum.
[[nodiscard]] Charge charge(const PriceTable& table, const UsageReport& report, std::string_view requested_model);

// The same tokens on one model at standard speed, tier and geography: for counterfactuals and plans.
[[nodiscard]] PicoUsd price_of(const ModelInfo& model, const TokenUsage& tokens);

}  // namespace distiq
