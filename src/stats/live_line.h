// The line that appears when a request ends. Pure: a record in, text out, without a line break; whatever came from
// outside is made printable and cut. Any thread.
#pragma once

#include <string>

#include "money/price_table.h"
#include "stats/request_record.h"

namespace distiq {

enum class LineStyle { plain, colour, json };

class LiveLine {
 public:
  // The table gives models their short names; it outlives the object.
  LiveLine(const PriceTable& prices, LineStyle style) : prices_(prices), style_(style) {}

  // [proxy] sonnet (from opus) | 6.1K in / 795 out | $0.0303 | saved $0.1210 | 20.3s | session saved: $0.134
  // "~" before a number: metered only as far as known, or priced by a guess. "(list)": a subscription pays no dollars,
  // this is what the tokens would cost. Requests without usage name their status instead of tokens and dollars. What
  // went wrong stands last.
  [[nodiscard]] std::string format(const RequestRecord& record, PicoUsd session_saved) const;

 private:
  const PriceTable& prices_;
  LineStyle style_;
};

}  // namespace distiq
