// The OpenTelemetry collector of OTLP_ENDPOINT: how traces reach it.
#pragma once

#include <chrono>
#include <memory>

#include "app/config/config.h"
#include "trace/trace_exporter.h"

namespace distiq {

// Null if no collector is set.
[[nodiscard]] std::unique_ptr<TraceExporter> make_trace_exporter(const Config& config);

// What the collector says to an empty batch, for `doctor`; blocks for at most `limit`. Requires: one is set.
[[nodiscard]] CollectorAnswer ask_collector(const Config& config, std::chrono::milliseconds limit);

}  // namespace distiq
