#include "app/proxy/request_reporter.h"

namespace distiq {

RequestReporter::RequestReporter(LineStyle style, const PriceTable& prices, LineWriter& lines)
    : format_(prices, style), lines_(lines) {}

PicoUsd RequestReporter::report(const RequestRecord& record) {
  const PicoUsd session_saved = totals_.add(record.session_id, record.saved());
  lines_.write(format_.format(record, session_saved));
  return session_saved;
}

}  // namespace distiq
