#include "trace/trace_exporter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/background_thread.h"
#include "trace/trace_parent.h"

namespace distiq {
namespace {

std::uint64_t spans_of(const RequestTrace& trace) {
  return 1 + trace.attempts.size();
}

// 0 to 1.
double jitter_from(const std::string& hex_digits) {
  return static_cast<double>(std::stoul(hex_digits.substr(0, 4), nullptr, 16)) / 65535.0;
}

}  // namespace

TraceExporter::TraceExporter(TraceExporterConfig config, const Clock& clock, Post post, Tell tell)
    : config_(std::move(config)),
      clock_(clock),
      post_(std::move(post)),
      tell_(std::move(tell)),
      queue_(config_.max_waiting),
      thread_([this] { run(); }) {}

TraceExporter::~TraceExporter() {
  shut_down(std::chrono::milliseconds(0));
}

std::unique_ptr<RequestTrace> TraceExporter::begin(std::string_view traceparent) noexcept try {
  auto trace = std::make_unique<RequestTrace>();
  if (auto parent = parse_traceparent(traceparent)) {
    if (!parent->sampled) return nullptr;
    trace->trace_id = std::move(parent->trace_id);
    trace->parent_id = std::move(parent->parent_id);
  } else {
    trace->trace_id = ids_.next(ids_.next(""));
  }
  trace->span_id = ids_.next("");
  return trace;
} catch (...) {
  return nullptr;  // out of memory: a request without a trace
}

void TraceExporter::finish(std::unique_ptr<RequestTrace> trace) noexcept {
  const std::uint64_t spans = spans_of(*trace);
  if (!queue_.try_push(std::move(trace))) dropped_.fetch_add(spans, std::memory_order_relaxed);
}

TraceCounts TraceExporter::counts() const {
  return {.exported = exported_.load(std::memory_order_relaxed),
          .dropped = dropped_.load(std::memory_order_relaxed),
          .failed = failed_.load(std::memory_order_relaxed)};
}

void TraceExporter::shut_down(std::chrono::milliseconds limit) {
  if (!thread_.joinable()) return;
  stop_at_ns_.store((clock_.monotonic() + limit).time_since_epoch().count(), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  closing_changed_.notify_all();
  queue_.close();
  thread_.join();
}

bool TraceExporter::out_of_time() const {
  return hurry_.load(std::memory_order_relaxed) ||
         clock_.monotonic().time_since_epoch().count() >= stop_at_ns_.load(std::memory_order_relaxed);
}

bool TraceExporter::wait(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !closing_changed_.wait_for(lock, delay, [this] { return closing_; });
}

void TraceExporter::run() {
  lower_priority_of_this_thread();
  std::vector<std::unique_ptr<RequestTrace>> taken;
  while (queue_.wait_take_all(taken, config_.linger)) {
    for (Batch rest = taken; !rest.empty();) {
      const Batch batch = rest.first(std::min(rest.size(), config_.max_batch));
      rest = rest.subspan(batch.size());
      deliver(batch);
    }
  }
}

void TraceExporter::deliver(Batch batch) {
  std::uint64_t spans = 0;
  for (const auto& trace : batch) spans += spans_of(*trace);
  try {
    const TraceBody body = traces_json(batch, config_.source);
    const MonotonicTime give_up_at = clock_.monotonic() + config_.patience;
    bool last_try = false;
    for (int tries = 1; !out_of_time(); ++tries) {
      const CollectorAnswer answer = post_(body.json, [this] { return !out_of_time(); });
      const Delivery delivery = delivery_of(answer);
      if (delivery == Delivery::taken) {
        const std::uint64_t rejected = std::min(rejected_spans(answer.body), spans);
        exported_.fetch_add(spans - rejected, std::memory_order_relaxed);
        failed_.fetch_add(rejected, std::memory_order_relaxed);
        return note_taken();
      }
      note_trouble(answer);
      if (delivery == Delivery::refused) {
        failed_.fetch_add(spans, std::memory_order_relaxed);
        return;
      }
      const auto delay = retry_delay(tries, answer, jitter_from(ids_.next("")));
      if (last_try || clock_.monotonic() + delay > give_up_at) break;
      last_try = !wait(delay);
    }
  } catch (...) {
    // Out of memory, at worst.
  }
  dropped_.fetch_add(spans, std::memory_order_relaxed);
}

// Once, not with each try: a collector may be away for a day.
void TraceExporter::note_trouble(const CollectorAnswer& answer) {
  if (std::exchange(in_trouble_, true)) return;
  tell_(answer.status > 0 ? fmt::format("the collector of traces answers {}", answer.status)
                          : fmt::format("the collector of traces cannot be reached: {}", answer.problem));
}

void TraceExporter::note_taken() {
  if (std::exchange(in_trouble_, false)) tell_("the collector of traces takes them again");
}

}  // namespace distiq
