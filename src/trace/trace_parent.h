// The W3C header `traceparent`: the trace that a client wants its request to belong to. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace distiq {

struct TraceParent {
  std::string trace_id;   // 32 lower-case hex digits, not all zero
  std::string parent_id;  // 16 of them: the client's own span
  bool sampled = false;   // whether the client records this trace
};

// nullopt for whatever the specification calls invalid: the request then begins a trace of its own. Looks at 55 bytes
// and, in versions to come, at the one behind them, however long `field` is.
[[nodiscard]] std::optional<TraceParent> parse_traceparent(std::string_view field);

}  // namespace distiq
