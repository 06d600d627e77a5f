// What people and scrapers see of every finished request: the live line on stdout and the metrics.
// Any thread; never blocks.
#pragma once

#include <atomic>

#include "app/config.h"
#include "base/line_writer.h"
#include "money/price_table.h"
#include "stats/request_record.h"

namespace distiq {

class RequestReporter {
 public:
  // Everything referenced outlives the reporter.
  RequestReporter(const Config& config, const PriceTable& prices, LineWriter& lines);

  void report(const RequestRecord& record);
  void connections_changed(int change) { connections_.fetch_add(change, std::memory_order_relaxed); }

 private:
  const Config& config_;
  const PriceTable& prices_;
  LineWriter& lines_;
  std::atomic<int> connections_{0};
};

}  // namespace distiq
