// What a trace knows of one request: its own span, one for each time it went upstream, and the record that says the
// rest. Collected on the request's io thread; then one owner at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stats/request_record.h"

namespace distiq {

// Times are microseconds since the first byte of the request.
struct UpstreamAttempt {
  std::string span_id;
  std::int64_t began_us = 0;
  std::int64_t ended_us = -1;       // -1: still under way
  std::int64_t first_byte_us = -1;  // the answer's head; -1: none came
  int status = 0;                   // 0: no answer
  bool edited = false;              // by us; the original follows if it is refused
  bool discarded = false;           // nobody saw its answer
  std::string sent_model;           // empty: as the client asked
  std::string error_type;           // empty: none, or what the record says
};

struct RequestTrace {
  std::string trace_id;   // 32 hex digits
  std::string span_id;    // 16
  std::string parent_id;  // the client's span; empty: the trace begins here
  std::vector<UpstreamAttempt> attempts;
  RequestRecord record;  // once it is over

  // The attempt under way, or null.
  [[nodiscard]] UpstreamAttempt* open_attempt() {
    return attempts.empty() || attempts.back().ended_us >= 0 ? nullptr : &attempts.back();
  }
};

// Where traces go. An optional stage: nothing here can fail or delay a request. Any thread.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // `traceparent`: the request's, or "". Null: this request is not recorded, as its client records none of its trace.
  [[nodiscard]] virtual std::unique_ptr<RequestTrace> begin(std::string_view traceparent) noexcept = 0;
  // 16 hex digits for an attempt.
  [[nodiscard]] virtual std::string new_span_id() = 0;
  virtual void finish(std::unique_ptr<RequestTrace> trace) noexcept = 0;
};

}  // namespace distiq
