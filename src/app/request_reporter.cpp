#include "app/request_reporter.h"

#include <fmt/format.h>

namespace distiq {

RequestReporter::RequestReporter(const Config& config, const PriceTable& prices, LineWriter& lines)
    : config_(config), prices_(prices), lines_(lines) {}

void RequestReporter::report(const RequestRecord& record) {
  lines_.write(fmt::format("[proxy] {} | {} in / {} out | ${:.4f}", prices_.short_name(record.served_model),
                           record.usage.prompt(), record.usage.output,
                           static_cast<double>(record.cost.to_micro_usd()) / 1e6));
}

}  // namespace distiq
