// What `stats` knows about a stretch of days: sums over records, gaps, and the latest rate limits. Plain data, filled
// by storage/, shown by stats_report. Money is whole micro-dollars, rounded once per request, so every sum is exact.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace distiq {

enum class Period {
  day,    // today
  week,   // today and the six days before
  month,  // today and the 29 days before
  all,
};
[[nodiscard]] std::string_view to_string(Period period);
[[nodiscard]] std::optional<Period> period_from(std::string_view name);

struct Totals {
  std::int64_t requests = 0;
  std::int64_t cache_hits = 0;   // answered from our own response cache
  std::int64_t errors = 0;       // status 400 and above, error events, cut or refused
  std::int64_t client_gone = 0;  // the client left first; not an error
  std::int64_t incomplete = 0;   // metered only as far as known
  std::int64_t estimated = 0;    // priced by family
  std::int64_t duplicates = 0;   // second records of one upstream answer: in `requests`, in no token or money sum

  std::int64_t input_tokens = 0;  // uncached
  std::int64_t cache_read_tokens = 0;
  std::int64_t cache_write_5m_tokens = 0;
  std::int64_t cache_write_1h_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t web_searches = 0;

  std::int64_t cost_usd_micros = 0;
  std::int64_t counterfactual_usd_micros = 0;
  std::int64_t restored_usd_micros = 0;
  std::int64_t subscription_requests = 0;         // of `requests`, those whose caller pays no dollars
  std::int64_t subscription_cost_usd_micros = 0;  // of the cost, the part that is only a list-price equivalent
  std::int64_t duration_us = 0;                   // sum over requests

  std::int64_t moved = 0;   // served by another model than was asked for
  std::int64_t healed = 0;  // changed by us, refused, and sent as they came
  // saved_usd_micros() by cause, each rounded once per request.
  std::int64_t saved_by_routing_usd_micros = 0;
  std::int64_t saved_by_markers_usd_micros = 0;
  std::int64_t saved_by_ttl_usd_micros = 0;
  std::int64_t saved_by_effort_usd_micros = 0;
  std::int64_t discarded_usd_micros = 0;  // part of the cost: answers that nobody saw
  std::int64_t cache_breaks = 0;          // warm lanes that wrote their prompt anew
  std::int64_t cache_break_usd_micros = 0;

  bool operator==(const Totals&) const = default;
  Totals& operator+=(const Totals& other);
  [[nodiscard]] std::int64_t saved_usd_micros() const {
    return counterfactual_usd_micros - restored_usd_micros - cost_usd_micros;
  }
  [[nodiscard]] std::int64_t prompt_tokens() const {
    return input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens;
  }
};

// Calls visit("name", totals.field) for every field. The names are the columns of `daily_totals` and the keys of the
// JSON form.
template <class AnyTotals, class Visitor>
void visit_totals(AnyTotals& totals, Visitor&& visit) {
  visit("requests", totals.requests);
  visit("cache_hits", totals.cache_hits);
  visit("errors", totals.errors);
  visit("client_gone", totals.client_gone);
  visit("incomplete", totals.incomplete);
  visit("estimated", totals.estimated);
  visit("duplicates", totals.duplicates);
  visit("input_tokens", totals.input_tokens);
  visit("cache_read_tokens", totals.cache_read_tokens);
  visit("cache_write_5m_tokens", totals.cache_write_5m_tokens);
  visit("cache_write_1h_tokens", totals.cache_write_1h_tokens);
  visit("output_tokens", totals.output_tokens);
  visit("web_searches", totals.web_searches);
  visit("cost_usd_micros", totals.cost_usd_micros);
  visit("counterfactual_usd_micros", totals.counterfactual_usd_micros);
  visit("restored_usd_micros", totals.restored_usd_micros);
  visit("subscription_requests", totals.subscription_requests);
  visit("subscription_cost_usd_micros", totals.subscription_cost_usd_micros);
  visit("duration_us", totals.duration_us);
  visit("moved", totals.moved);
  visit("healed", totals.healed);
  visit("saved_by_routing_usd_micros", totals.saved_by_routing_usd_micros);
  visit("saved_by_markers_usd_micros", totals.saved_by_markers_usd_micros);
  visit("saved_by_ttl_usd_micros", totals.saved_by_ttl_usd_micros);
  visit("saved_by_effort_usd_micros", totals.saved_by_effort_usd_micros);
  visit("discarded_usd_micros", totals.discarded_usd_micros);
  visit("cache_breaks", totals.cache_breaks);
  visit("cache_break_usd_micros", totals.cache_break_usd_micros);
}

struct NamedTotals {
  std::string name;
  Totals totals;
};

struct DayTotals {
  std::int32_t day = 0;  // days since 1970-01-01, the user's calendar
  Totals totals;
};

// The finest sums that are kept.
struct DayGroup {
  std::int32_t day = 0;
  std::string model;          // that served, else the one asked for
  std::string request_class;  // of RequestClass, or "other_path", "refused"
  Totals totals;
};

// A stretch of time for which records are, or may be, missing.
struct Gap {
  std::int64_t from_ms = 0;  // unix time
  std::int64_t to_ms = 0;
  std::optional<std::int64_t> lost;  // records; empty: unknown, possibly none
  std::string reason;                // "queue_full", "unclean_shutdown", "damaged_file", ...: see docs/formats/store.md
  std::string detail;
};

// The newest rate-limit headers of one account, as upstream sent them: measured, never computed.
struct AccountLimits {
  std::string account_hash;
  std::int64_t observed_at_ms = 0;                           // of the newest header
  std::vector<std::pair<std::string, std::string>> headers;  // sorted by name

  // Empty if that header was not seen.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct Summary {
  Period period = Period::all;
  std::int64_t made_at_ms = 0;
  std::int32_t first_day = 0;    // of the period; for `all` the first day with a record
  std::int32_t last_day = 0;     // today
  Totals total;                  // of requests to the Messages API; so are all sums below
  std::int64_t other_paths = 0;  // passed through besides: files, models, paths that nobody knows
  std::int64_t refused = 0;      // answered by the proxy itself: limits, Host, Origin, token
  std::vector<NamedTotals>
      by_model;  // dearest first; at most 50, the rest summed up as "(other)"; "" is no model at all
  std::vector<NamedTotals> by_class;  // names of RequestClass, dearest first
  std::vector<DayTotals> by_day;      // oldest first, days without a request left out
  std::vector<Gap> gaps;              // newest first, at most 50
  std::int64_t gap_count = 0;         // of the period, all of them
  std::int64_t lost_records = 0;      // of the period, where known
  std::vector<AccountLimits> limits;  // newest first, at most 8 accounts, whatever the period
};

}  // namespace distiq
