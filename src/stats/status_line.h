// One session in one line, for Claude Code's status line. Pure; whatever came from outside is made printable. Any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "money/price_table.h"
#include "stats/request_record.h"
#include "stats/stats_report.h"
#include "stats/summary.h"

namespace distiq {

struct StatusLineFacts {
  std::string_view served_model;  // "" if nothing was served yet
  std::string_view requested_model;
  Totals totals;  // of the session
  AccountKind account_kind = AccountKind::unknown;
  const AccountLimits* limits = nullptr;  // null: none were seen
};

// Small amounts get more decimals, up to four: what was spent does not read as $0.00.
// sonnet (from opus) | $0.42 | saved $0.121 | cache 91% | 5h 34% | 7d 12%
// "(list)": a subscription pays no dollars. "cache": the share of the prompt that came from Anthropic's cache. A quota
// stands there only as upstream measured it, and not after its window has been reset.
[[nodiscard]] std::string status_line(const StatusLineFacts& facts, const PriceTable& prices, std::int64_t now_ms,
                                      ReportLanguage language);

}  // namespace distiq
