// Finished traces on their way to a collector: a bounded queue and a thread of its own that encodes, sends and tries
// again. Whatever the collector does, or does not do, requests never notice: what has no place or finds no ear is
// dropped and counted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/id_source.h"
#include "trace/delivery.h"
#include "trace/trace_json.h"

namespace distiq {

// Spans since the start, but for those that wait or are under way.
struct TraceCounts {
  std::uint64_t exported = 0;  // the collector took them
  std::uint64_t dropped = 0;   // never delivered: no place in the queue, no answer for too long, shutdown
  std::uint64_t failed = 0;    // the collector refused them for good
};

struct TraceExporterConfig {
  TraceSource source;
  std::size_t max_waiting = 2048;  // traces; a further one is dropped
  std::size_t max_batch = 256;     // traces in one POST, about 1 MB
  std::chrono::milliseconds linger{1'000};
  std::chrono::milliseconds patience{300'000};  // with one batch; then it is dropped
};

class TraceExporter final : public TraceSink {
 public:
  // POSTs `body` and returns what came of it; blocks, asks `go_on` every 100 ms or so and gives up when that is false.
  // Bounded by itself in time and memory. Must not throw. Called on the exporter's thread.
  using Post = std::function<CollectorAnswer(const std::string& body, const std::function<bool()>& go_on)>;
  // A sentence for the log, when sending begins to fail and when it works again. On the exporter's thread.
  using Tell = std::function<void(const std::string&)>;

  // `clock` outlives the exporter.
  TraceExporter(TraceExporterConfig config, const Clock& clock, Post post, Tell tell);
  // As shut_down(0).
  ~TraceExporter() override;
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;

  [[nodiscard]] std::unique_ptr<RequestTrace> begin(std::string_view traceparent) noexcept override;
  [[nodiscard]] std::string new_span_id() override { return ids_.next(""); }
  void finish(std::unique_ptr<RequestTrace> trace) noexcept override;

  // Takes no more traces, sends what waits for at most `limit`, drops the rest and ends the thread. Each batch gets one
  // more try, no second. One thread, once.
  void shut_down(std::chrono::milliseconds limit);
  // A shut_down() under way drops what it still has. Any thread.
  void hurry() noexcept { hurry_.store(true, std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] TraceCounts counts() const;

 private:
  using Batch = std::span<const std::unique_ptr<RequestTrace>>;

  void run();
  void deliver(Batch batch);
  [[nodiscard]] bool out_of_time() const;
  // False if the exporter closes meanwhile.
  bool wait(std::chrono::milliseconds delay);
  void note_trouble(const CollectorAnswer& answer);
  void note_taken();

  const TraceExporterConfig config_;
  const Clock& clock_;
  const Post post_;
  const Tell tell_;
  IdSource ids_;
  BoundedQueue<std::unique_ptr<RequestTrace>> queue_;
  std::atomic<std::uint64_t> exported_{0}, dropped_{0}, failed_{0};
  std::atomic<bool> hurry_{false};
  std::atomic<std::int64_t> stop_at_ns_{INT64_MAX};  // by clock_, from when it closes
  std::mutex mutex_;
  std::condition_variable closing_changed_;
  bool closing_ = false;     // under mutex_
  bool in_trouble_ = false;  // the thread's
  std::thread thread_;       // last: it uses everything above
};

}  // namespace distiq
