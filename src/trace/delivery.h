// What follows from a collector's answer to a batch of spans, by OTLP's rules. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace distiq {

// What came of one POST.
struct CollectorAnswer {
  int status = 0;                   // 0: no answer
  std::int64_t retry_after_s = -1;  // -1: not said
  std::string body;
  std::string problem;  // without an answer: why; holds no header value
};

enum class Delivery {
  taken,    // 2xx
  later,    // the same again after a while: no answer, 429, 502, 503, 504
  refused,  // anything else: never again
};
[[nodiscard]] Delivery delivery_of(const CollectorAnswer& answer);

// How long to wait after try number `tries` (from 1) has failed: what the collector asks for, at most two minutes and
// at least 100 ms doubled with each try; else one second doubled with each try up to thirty, and up to a half more by
// `jitter` (0 to 1).
[[nodiscard]] std::chrono::milliseconds retry_delay(int tries, const CollectorAnswer& answer, double jitter);

}  // namespace distiq
