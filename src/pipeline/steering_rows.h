// What steering remembers, as short lines of text for the store, so that a restart does not go cold. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/account_bank.h"
#include "routing/lane_table.h"

namespace distiq {

// Kind ("lane", "bank", ...) and line.
using SteeringRows = std::vector<std::pair<std::string, std::string>>;

// Empty for a lane whose texts are not short identifiers: it is not kept.
[[nodiscard]] std::string lane_line(const LaneRow& row);
[[nodiscard]] std::optional<LaneRow> lane_from_line(std::string_view line);

[[nodiscard]] std::string bank_line(const AccountBankRow& row);
[[nodiscard]] std::optional<AccountBankRow> bank_from_line(std::string_view line);

[[nodiscard]] std::string numbers_line(const std::vector<double>& numbers);
[[nodiscard]] std::vector<double> numbers_from_line(std::string_view line);

}  // namespace distiq
