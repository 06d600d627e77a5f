// What people and scrapers see of every finished request: the live line on stdout and the metrics.
// Any thread; never blocks.
#pragma once

#include "app/config/config.h"
#include "base/line_writer.h"
#include "money/price_table.h"
#include "stats/live_line.h"
#include "stats/request_record.h"
#include "stats/session_totals.h"

namespace distiq {

class RequestReporter {
 public:
  // Everything referenced outlives the reporter.
  RequestReporter(LineStyle style, const PriceTable& prices, LineWriter& lines);

  // Returns what the request's session has saved so far.
  PicoUsd report(const RequestRecord& record);

 private:
  const LiveLine format_;
  LineWriter& lines_;
  SessionTotals totals_;
};

}  // namespace distiq
