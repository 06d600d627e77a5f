// Rate-limit headers as table rows. Shows what upstream measured and when; computes nothing. Internal to stats_report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stats/stats_report.h"

namespace distiq {

// One account: a heading and a row per window (subscription) or per kind of limit (API key).
[[nodiscard]] std::string format_account_limits(const AccountLimits& account, std::int64_t now_ms,
                                                const ReportStyle& style);

// "0.42" -> 420 (thousandths, cut); empty for anything but digits with at most one point, or above 10.
[[nodiscard]] std::optional<int> thousandths_from(std::string_view decimal);

}  // namespace distiq
