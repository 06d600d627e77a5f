// What an answer says it used, as the API reports it. Pure data; filled by meter/, priced by money/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace distiq {

// All counts are tokens unless the name says otherwise. Prompt size = input + cache_read + both cache writes.
struct TokenUsage {
  std::uint64_t input = 0;  // uncached remainder
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write_5m = 0;
  std::uint64_t cache_write_1h = 0;
  std::uint64_t output = 0;
  std::uint64_t web_searches = 0;  // server-tool requests, not tokens
  std::uint64_t web_fetches = 0;
  std::uint64_t code_executions = 0;

  bool operator==(const TokenUsage&) const = default;
  [[nodiscard]] std::uint64_t prompt() const { return input + cache_read + cache_write_5m + cache_write_1h; }
};

// One billed pass of a request: the answer itself, a server-side compaction, a fallback model.
struct UsageIteration {
  std::string type{};   // "message", "compaction", ... as reported
  std::string model{};  // empty: the request's own
  TokenUsage tokens{};

  bool operator==(const UsageIteration&) const = default;
};

// Everything the meter learned from one answer.
struct UsageReport {
  std::string message_id{};  // "msg_..."; empty if none was seen
  std::string model{};       // message_start.model or the JSON answer's
  std::string stop_reason{};
  std::string refusal_category{};  // stop_details.category; decides whether a refusal without output is billed
  std::string error_type{};        // error envelope or SSE error event: "overloaded_error", ...
  std::string service_tier{};
  std::string speed{};          // "fast", "standard" or empty
  std::string inference_geo{};  // "us", ... or empty
  TokenUsage total{};
  std::vector<UsageIteration> iterations{};  // when present these are what is billed, not `total`
  bool seen = false;                         // any usage at all was reported
  bool complete = false;                     // false: cut, aborted or not decodable, metered as far as known

  bool operator==(const UsageReport&) const = default;
};

}  // namespace distiq
