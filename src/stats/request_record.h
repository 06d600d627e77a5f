// One row of truth about one request: what the store keeps, the live line shows and `stats` sums up. Holds no prompt,
// no answer text and no credential. Names behind to_string are persisted: append, never rename.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/request_class.h"
#include "base/units.h"
#include "money/usage.h"
#include "stats/rate_limit_fields.h"

namespace distiq {

enum class Outcome {
  ok,                    // relayed to its end, whatever the status
  client_gone,           // the client left first (Esc)
  upstream_cut,          // upstream ended the answer early; the client saw the same cut
  upstream_unreachable,  // we answered 502 or 504
  refused,               // we answered 4xx ourselves: limits, Host, Origin, token
};
[[nodiscard]] std::string_view to_string(Outcome o);
[[nodiscard]] Outcome outcome_from(std::string_view name);  // unknown: ok

// What the caller pays with. For a subscription dollars are only what its tokens would cost by list price.
enum class AccountKind { unknown, api_key, subscription };
[[nodiscard]] std::string_view to_string(AccountKind k);
[[nodiscard]] AccountKind account_kind_from(std::string_view name);  // unknown name: unknown

// What was decided about a request that could be decided about, and what became of it. Names are those of routing/.
struct RouteRecord {
  std::string policy;            // in force for this request; empty: nothing was decided (off, other paths, no JSON)
  bool moved = false;            // served by another model than was asked for
  bool human_turn = false;       // its newest message holds new words of the human's
  std::string arm;               // "control": its session is held out for comparison; "treated"; empty: no hold-out
  std::string decision_point;    // "lane_start", "cold", ...; empty: none
  std::string cause;             // why this model serves; empty: as asked
  std::string requested_effort;  // empty: the model's default
  std::string served_effort;     // as sent
  PicoUsd expected_saving;       // as the decision saw it
  std::string alternatives;      // JSON array: model, cost of this request, why not; at most 2 KB, no prompt text

  // The request relayed untouched, by the prompt cache that would then have existed. Equal to the usage where nothing
  // was ever touched.
  TokenUsage untouched;
  // counterfactual - restored - cost by cause; they sum up to saved().
  PicoUsd saved_by_routing, saved_by_markers, saved_by_ttl, saved_by_effort;

  // A warm lane that wrote its prefix anew: which part of the request was to blame, and what that cost.
  std::string cache_break;  // "tools[3] (Bash)", "upstream"; empty: none
  std::uint64_t cache_break_tokens = 0;
  PicoUsd cache_break_cost;

  // The answer to our edit that nobody saw, because the original was sent after it. Part of the cost.
  std::string healed_because;  // "400 invalid_request_error"; empty: not healed
  std::string discarded_model;
  TokenUsage discarded;
  PicoUsd discarded_cost;
};

struct RequestRecord {
  std::string id;                  // ours; also the x-distiq-id header
  std::int64_t started_at_ms = 0;  // unix time
  std::string session_id;          // Claude Code session, or empty
  std::string agent_id;            // sub-agent, or empty
  std::string lane_id;             // 16 hex digits
  RequestClass request_class = RequestClass::other;
  std::string account_hash;  // keyed hash; empty if the request carried no credential
  AccountKind account_kind = AccountKind::unknown;
  std::string method;
  std::string path;  // without query
  std::string requested_model;
  std::string served_model;
  int status = 0;  // what the client saw; 0: nothing was answered
  Outcome outcome = Outcome::ok;
  bool streamed = false;
  std::string error_type;
  std::string upstream_request_id;
  std::string message_id;
  std::string stop_reason;

  TokenUsage usage;              // summed over iterations: what was billed
  bool usage_seen = false;       // false: nothing to price (errors, count_tokens, other paths)
  bool usage_complete = false;   // false with usage_seen: metered as far as known
  std::string price_basis;       // what beside tokens and model made the price: "speed=fast,geo=us"; empty: nothing
  bool price_estimated = false;  // unknown model priced by family, or geography/tier not in the table
  PicoUsd cost;                  // as billed by list price, a discarded answer included
  PicoUsd counterfactual;        // the same request relayed untouched; equal to cost where no policy ever acted
  PicoUsd restored;  // part of (counterfactual - cost) that only repairs what our base URL broke: not a saving

  std::int64_t duration_us = 0;     // first byte of the request to last byte of the answer
  std::int64_t first_byte_us = -1;  // to the answer's head; -1: none
  // Of duration, the part that a Messages request waited in the proxy: from its last byte to its sending, and from the
  // answer's head to the client's having it. -1: never sent.
  std::int64_t overhead_us = -1;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::string reason;  // one line: why the request went as it went
  RouteRecord route;

  [[nodiscard]] PicoUsd saved() const { return counterfactual - restored - cost; }
};

// What a record is counted as in sums. Persisted: append, never rename.
enum class Counted {
  request,     // of the Messages API, ours to answer for
  other_path,  // passed through: files, models, paths that nobody knows
  refused,     // answered by the proxy itself: limits, Host, Origin, token
};
[[nodiscard]] Counted counted_as(const RequestRecord& record);
// The place of the last two among the classes of daily sums; "" for requests, which have a class.
[[nodiscard]] std::string_view to_string(Counted c);

struct RateLimitRecord {
  std::string account_hash;
  std::int64_t observed_at_ms = 0;
  RateLimitFields headers;

  // Since the epoch. Of each minute the last values are kept.
  [[nodiscard]] std::int64_t observed_minute() const { return observed_at_ms / 60'000; }
};

}  // namespace distiq
