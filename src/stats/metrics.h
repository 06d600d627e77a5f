// Counters, gauges and histograms of the running process, and their Prometheus text. Fixed arrays of atomics: bumping
// never locks, allocates or fails, and the number of series is bounded by the model table whatever clients send. Any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "money/price_table.h"
#include "stats/metrics_histogram.h"
#include "stats/recent_hints.h"
#include "stats/request_record.h"

namespace distiq {

// Counted elsewhere, read when the text is made.
struct SampledMetrics {
  std::string_view version;
  std::uint64_t uptime_seconds = 0;
  std::uint64_t dropped_records = 0;                                      // never reached the store
  std::uint64_t dropped_lines = 0;                                        // never reached stdout or the log
  std::uint64_t buffered_bytes = 0;                                       // of the budget for request bodies
  std::uint64_t spans_exported = 0, spans_dropped = 0, spans_failed = 0;  // of traces
};

class Metrics {
 public:
  // The table bounds the model label; it outlives the object.
  explicit Metrics(const PriceTable& models);
  ~Metrics();

  // A finished and priced request.
  void count(const RequestRecord& record) noexcept;
  // An error between us and upstream, or one of ours.
  void count_error(ErrorKind kind) noexcept;
  // The store or the meter could do nothing with an answer of this request.
  void count_duplicate() noexcept;
  // An edited request was refused and its original sent.
  void count_healed() noexcept;
  // An optional stage failed and was skipped.
  void count_skipped_stage() noexcept;

  // Hold one while a connection is open, a message request is under way (from its last byte to the end of its answer),
  // or an answer streams.
  class Held {
   public:
    explicit Held(std::atomic<std::int64_t>& gauge) : gauge_(&gauge) {
      gauge_->fetch_add(1, std::memory_order_relaxed);
    }
    Held(Held&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (gauge_ != nullptr) gauge_->fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    std::atomic<std::int64_t>* gauge_;
  };
  [[nodiscard]] Held hold_connection() { return Held(open_connections_); }
  [[nodiscard]] Held hold_stream() { return Held(active_streams_); }
  [[nodiscard]] Held hold_request() { return Held(open_requests_); }
  [[nodiscard]] std::int64_t open_requests() const { return open_requests_.load(std::memory_order_relaxed); }

  // Not on the page: for /health, and doctor.
  [[nodiscard]] RecentHints& client_hints() { return client_hints_; }
  [[nodiscard]] const RecentHints& client_hints() const { return client_hints_; }

  // The whole page; its content type is MetricsText::kContentType.
  [[nodiscard]] std::string render(const SampledMetrics& sampled) const;

 private:
  struct Counters;

  [[nodiscard]] std::size_t model_index(const RequestRecord& record) const;

  const PriceTable& models_;
  std::unique_ptr<Counters> counters_;
  std::atomic<std::int64_t> open_connections_{0};
  std::atomic<std::int64_t> active_streams_{0};
  std::atomic<std::int64_t> open_requests_{0};
  RecentHints client_hints_;
};

}  // namespace distiq
