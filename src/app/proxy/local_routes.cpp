#include "app/proxy/local_routes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/version.h"
#include "stats/metrics_text.h"

namespace distiq {
namespace {

constexpr std::string_view json_type = "application/json";

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Each setting with its value, as `config` shows it: secrets appear as "set". What is not in this build is off here.
std::string settings_json(const Config& config) {
  std::string out = "{";
  for (const ConfigEntry& entry : config.entries) {
    if (out.size() > 1) out += ',';
    out += json_string(entry.name) + ':' + json_string(entry.in_this_build ? entry.value : "not in this build");
  }
  return out + '}';
}

}  // namespace

LocalRoutes::LocalRoutes(const Config& config, const RecordStore& store, const Metrics& metrics,
                         const LineWriter& lines, const LivePolicy& policy, const Clock& clock,
                         const TraceExporter* traces)
    : config_(config),
      store_(store),
      metrics_(metrics),
      lines_(lines),
      policy_(policy),
      clock_(clock),
      traces_(traces),
      started_(clock.monotonic()) {}

std::optional<LocalAnswer> LocalRoutes::answer(const RequestHead& head) const {
  if (head.method != "GET" && head.method != "HEAD") return std::nullopt;
  const std::string_view path = head.path();
  if (path == "/health") return health();
  if (path == "/ready") return ready();
  if (path == "/metrics") return metrics();
  return std::nullopt;
}

LocalAnswer LocalRoutes::health() const {
  const StoreHealth store = store_.health();
  const Server* server = server_.load(std::memory_order_acquire);
  const RecentHints::Seen hints = metrics_.client_hints().seen();
  std::string body = fmt::format(
      R"({{"status":{},"version":{},"uptime_seconds":{},"upstream":{},"connections":{},"buffered_bytes":{},)"
      R"("claude_code":{{"recent_requests":{},"with_hints":{},"newest_has_hints":{}}},)"
      R"("store":{{"ok":{},"reason":{},"written":{},"dropped":{},"waiting":{},"settled":{}}},)"
      R"("features":{{"observe":true,"routing":{},"prompt_caching":{},"response_cache":false,"compression":false,)"
      R"("traces":{}}},)"
      R"("settings":{}}})",
      json_string(store.ok ? "ok" : "degraded"), json_string(version()), uptime_seconds(),
      json_string(config_.upstream.origin()), server ? server->connections() : 0, server ? server->buffered_bytes() : 0,
      hints.requests, hints.with_hints, hints.newest_has, store.ok, json_string(store.reason), store.written,
      store.dropped, store.waiting, store.settled, policy_.policy() != RoutingPolicy::off,
      policy_.policy() != RoutingPolicy::off && config_.steering.prompt_caching, traces_ != nullptr,
      settings_json(config_));
  return {200, std::string(json_type), body + "\n"};
}

LocalAnswer LocalRoutes::ready() const {
  const bool serving = server_.load(std::memory_order_acquire) != nullptr;
  return {serving ? 200 : 503, std::string(json_type), serving ? "{\"ready\":true}\n" : "{\"ready\":false}\n"};
}

LocalAnswer LocalRoutes::metrics() const {
  const Server* server = server_.load(std::memory_order_acquire);
  SampledMetrics sampled;
  sampled.version = version();
  sampled.uptime_seconds = uptime_seconds();
  sampled.dropped_records = store_.health().dropped;
  sampled.dropped_lines = lines_.dropped();
  sampled.buffered_bytes = server ? server->buffered_bytes() : 0;
  if (traces_ != nullptr) {
    const TraceCounts spans = traces_->counts();
    sampled.spans_exported = spans.exported;
    sampled.spans_dropped = spans.dropped;
    sampled.spans_failed = spans.failed;
  }
  return {200, std::string(MetricsText::kContentType), metrics_.render(sampled)};
}

std::uint64_t LocalRoutes::uptime_seconds() const {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(clock_.monotonic() - started_).count());
}

}  // namespace distiq
