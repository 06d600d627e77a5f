// The paths that are ours on the proxy's port: /health, /ready, /metrics. Any thread.
#pragma once

#include <atomic>
#include <optional>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/line_writer.h"
#include "net/server.h"
#include "pipeline/handle_request.h"
#include "pipeline/live_policy.h"
#include "stats/metrics.h"
#include "storage/record_store.h"
#include "trace/trace_exporter.h"

namespace distiq {

class LocalRoutes {
 public:
  // Everything referenced outlives the routes. `traces` may be null: there are none.
  LocalRoutes(const Config& config, const RecordStore& store, const Metrics& metrics, const LineWriter& lines,
              const LivePolicy& policy, const Clock& clock, const TraceExporter* traces);

  // Requests are answered from now on: /ready says yes.
  void serving(const Server& server) { server_.store(&server, std::memory_order_release); }

  // nullopt: not ours, pass it on.
  [[nodiscard]] std::optional<LocalAnswer> answer(const RequestHead& head) const;

 private:
  [[nodiscard]] LocalAnswer health() const;
  [[nodiscard]] LocalAnswer ready() const;
  [[nodiscard]] LocalAnswer metrics() const;
  [[nodiscard]] std::uint64_t uptime_seconds() const;

  const Config& config_;
  const RecordStore& store_;
  const Metrics& metrics_;
  const LineWriter& lines_;
  const LivePolicy& policy_;
  const Clock& clock_;
  const TraceExporter* const traces_;
  const MonotonicTime started_;
  std::atomic<const Server*> server_{nullptr};
};

}  // namespace distiq
