// Traces as OTLP/JSON: the body of a POST to a collector's /v1/traces. Attributes are those of OpenTelemetry's
// conventions for HTTP and for generative AI, and distiq.* for what they do not know; docs/tracing.md lists them.
// Nothing of a prompt or an answer is in it. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "trace/request_trace.h"

namespace distiq {

// The same for every trace.
struct TraceSource {
  std::string version;  // of this program
  std::string upstream_host;
  std::uint16_t upstream_port = 443;
};

struct TraceBody {
  std::string json;
  std::uint64_t spans = 0;
};

// At most 256 bytes of any text that came from outside are taken.
[[nodiscard]] TraceBody traces_json(std::span<const std::unique_ptr<RequestTrace>> traces, const TraceSource& source);

// Of the answer to that POST: spans that the collector says it has not taken. 0 for what is not such an answer.
[[nodiscard]] std::uint64_t rejected_spans(std::string_view answer);

}  // namespace distiq
