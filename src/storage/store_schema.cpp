#include "storage/store_schema.h"

#include <array>

namespace distiq {
namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE requests (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT UNIQUE,
  local_day INTEGER NOT NULL,
  duplicate INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  lane_id TEXT NOT NULL,
  request_class TEXT NOT NULL,
  account_hash TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  requested_model TEXT NOT NULL,
  served_model TEXT NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  streamed INTEGER NOT NULL,
  error_type TEXT NOT NULL,
  upstream_request_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  stop_reason TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_5m_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  web_searches INTEGER NOT NULL,
  web_fetches INTEGER NOT NULL,
  code_executions INTEGER NOT NULL,
  usage_seen INTEGER NOT NULL,
  usage_complete INTEGER NOT NULL,
  price_estimated INTEGER NOT NULL,
  cost_usd_micros INTEGER NOT NULL,
  counterfactual_usd_micros INTEGER NOT NULL,
  restored_usd_micros INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  first_byte_us INTEGER NOT NULL,
  overhead_us INTEGER NOT NULL,
  request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX requests_by_message ON requests (message_id) WHERE message_id != '' AND duplicate = 0;

CREATE TABLE daily_totals (
  local_day INTEGER NOT NULL,
  model TEXT NOT NULL,
  request_class TEXT NOT NULL,
  requests INTEGER NOT NULL,
  cache_hits INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  client_gone INTEGER NOT NULL,
  incomplete INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_5m_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  web_searches INTEGER NOT NULL,
  cost_usd_micros INTEGER NOT NULL,
  counterfactual_usd_micros INTEGER NOT NULL,
  restored_usd_micros INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  PRIMARY KEY (local_day, model, request_class)
) STRICT, WITHOUT ROWID;

CREATE TABLE rate_limit_latest (
  account_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  observed_at_ms INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (account_hash, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rate_limit_series (
  observed_minute INTEGER NOT NULL,
  account_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (observed_minute, account_hash, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  run INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at_ms INTEGER NOT NULL,
  last_commit_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT;

CREATE TABLE gaps (
  gap INTEGER PRIMARY KEY AUTOINCREMENT,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  lost INTEGER,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

CREATE TABLE retention_anchor (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  last_seq INTEGER NOT NULL,
  last_id TEXT,
  last_started_at_ms INTEGER NOT NULL,
  deleted_rows INTEGER NOT NULL,
  chain_hash BLOB
) STRICT;
)sql";

// Subscribers pay no dollars: their sums are told apart.
constexpr const char* version_2 = R"sql(
ALTER TABLE requests ADD COLUMN account_kind TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE daily_totals ADD COLUMN subscription_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN subscription_cost_usd_micros INTEGER NOT NULL DEFAULT 0;
)sql";

// The sums of one session out of the index alone, for Claude Code's status line: its rows lie far apart in the table.
constexpr const char* version_3 = R"sql(
CREATE INDEX requests_by_session ON requests (
  session_id, duplicate, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,
  cost_usd_micros, counterfactual_usd_micros, restored_usd_micros) WHERE session_id != '';
)sql";

// What was decided, what it would have cost untouched, by cause; the hash chain over the rows; what a restart needs.
constexpr const char* version_4 = R"sql(
ALTER TABLE requests ADD COLUMN price_basis TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN policy TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN arm TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN decision_point TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN cause TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN requested_effort TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN served_effort TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN expected_saving_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN alternatives TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN untouched_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN untouched_cache_read_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN untouched_cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN untouched_cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN untouched_output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN saved_by_routing_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN saved_by_markers_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN saved_by_ttl_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN saved_by_effort_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN healed_because TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN discarded_model TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN discarded_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN discarded_cache_read_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN discarded_cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN discarded_cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN discarded_output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN discarded_cost_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN cache_break TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN cache_break_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN cache_break_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN healed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN saved_by_routing_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN saved_by_markers_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN saved_by_ttl_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN saved_by_effort_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN discarded_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN cache_breaks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_totals ADD COLUMN cache_break_usd_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN chain TEXT NOT NULL DEFAULT '';
CREATE TABLE steering_state (
  position INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  line TEXT NOT NULL
) STRICT;
)sql";

// How many turns a task took, for the comparison with sessions that were left alone; and the index for it.
constexpr const char* version_5 = R"sql(
ALTER TABLE requests ADD COLUMN human_turn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX requests_by_arm ON requests (arm, session_id) WHERE arm != '';
CREATE INDEX requests_by_cache_break ON requests (seq) WHERE cache_break != '';
)sql";

// The sums of one session, kept up with the rows: the index that had them ready was a fifth of what a row cost to
// write.
constexpr const char* version_6 = R"sql(
CREATE TABLE session_totals (
  session_id TEXT PRIMARY KEY,
  requests INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_5m_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd_micros INTEGER NOT NULL,
  counterfactual_usd_micros INTEGER NOT NULL,
  restored_usd_micros INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO session_totals SELECT session_id, count(*), sum(input_tokens), sum(cache_read_tokens),
  sum(cache_write_5m_tokens), sum(cache_write_1h_tokens), sum(output_tokens), sum(cost_usd_micros),
  sum(counterfactual_usd_micros), sum(restored_usd_micros)
  FROM requests WHERE session_id != '' AND duplicate = 0 GROUP BY session_id;
DROP INDEX requests_by_session;
)sql";

constexpr std::array migrations = {Migration{version_1}, Migration{version_2}, Migration{version_3},
                                   Migration{version_4}, Migration{version_5}, Migration{version_6}};

}  // namespace

std::span<const Migration> store_migrations() {
  return migrations;
}

}  // namespace distiq
