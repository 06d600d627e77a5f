// Turns what was seen of an exchange into its record, priced, and hands it to everyone who wants to know. Optional
// stage: nothing here can fail a request. Any thread.
#pragma once

#include <functional>
#include <memory>

#include "message/lane.h"
#include "meter/usage_meter.h"
#include "money/price_table.h"
#include "money/seen_answers.h"
#include "stats/metrics.h"
#include "stats/record_sink.h"
#include "trace/request_trace.h"

namespace distiq {

// What the pipeline knows when an exchange is over, whoever answered.
struct ExchangeFacts {
  RequestRecord record;                    // filled but for usage, prices and what is derived from them
  std::unique_ptr<UsageReport> report;     // null: nothing was metered
  std::unique_ptr<UsageReport> discarded;  // of an answer that nobody saw, because the original was sent after it
  // Fills in what the request would have cost untouched, once it is priced as billed. May be empty; must not throw.
  std::function<void(RequestRecord&, const UsageReport&)> settle;
  RateLimitFields rate_limits;
  std::unique_ptr<RequestTrace> trace;  // null: not traced
};

class Bookkeeper {
 public:
  // Called once per record after pricing, on the io thread of the request: must be cheap and must not throw.
  using Listener = std::function<void(const RequestRecord&)>;

  // Everything referenced outlives the bookkeeper. `traces`: where those of exchanges go that have one.
  Bookkeeper(const PriceTable& prices, RecordSink& sink, Metrics& metrics, Listener listener,
             TraceSink* traces = nullptr);

  // Takes the facts.
  void book(ExchangeFacts&& facts) noexcept;

 private:
  const PriceTable& prices_;
  RecordSink& sink_;
  Metrics& metrics_;
  const Listener listener_;
  TraceSink* const traces_;
  SeenAnswers seen_;
};

[[nodiscard]] RateLimitFields rate_limit_fields(const HeaderList& answer);

}  // namespace distiq
