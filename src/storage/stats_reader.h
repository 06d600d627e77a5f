// Reads the record store while the proxy writes it, from the same process or another: a read-only connection that never
// blocks the writer and cannot change the file.
// One thread at a time per object; blocks on the disk. A summary costs milliseconds whatever the number of records: it
// reads daily totals, not rows.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "stats/holdout.h"
#include "stats/request_record.h"
#include "stats/summary.h"
#include "storage/sqlite_db.h"

namespace distiq {

// What one Claude Code session has used so far.
struct SessionSummary {
  Totals totals;                // second records of one answer left out
  std::string requested_model;  // of its newest request of the main conversation; "" if none is among the last 5000
  std::string served_model;
  AccountKind account_kind = AccountKind::unknown;
  std::optional<AccountLimits> limits;  // of that request's account, if any were seen
};

// One lane: a conversation with a prompt cache of its own. Sums are over the newest StatsReader::lane_rows requests.
struct LaneSummary {
  std::string lane_id;
  std::string session_id;  // or empty
  std::string agent_id;    // or empty
  RequestClass request_class = RequestClass::other;
  std::string requested_model;  // by its newest request
  std::string served_model;     // its newest answer; empty: none yet
  std::int64_t last_use_ms = 0;
  std::int64_t requests = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t cache_read_tokens = 0;  // of prompt_tokens
  std::int64_t cost_usd_micros = 0;
  std::int64_t untouched_usd_micros = 0;  // less what was only restored
  std::int64_t context_tokens = 0;        // prompt of its newest answer
  bool pinned = false;                    // its newest request, by the user's pin
  bool escalated = false;                 // went back up to the model asked for, and stays
};

class StatsReader {
 public:
  // How far back lanes are looked for, in records: they are what goes on, not history.
  static constexpr int lane_rows = 5000;

  // Fails with store_unavailable and a sentence for the user: no store yet, not readable, damaged, or of another
  // version.
  [[nodiscard]] static Result<StatsReader> open(const std::string& path,
                                                std::chrono::milliseconds busy_timeout = std::chrono::seconds(2));

  // Everything of one moment. `now_ms` decides what today is, in the process's time zone.
  [[nodiscard]] Result<Summary> summary(Period period, std::int64_t now_ms);
  // Empty if nothing of that session is recorded. A few milliseconds at most.
  [[nodiscard]] Result<std::optional<SessionSummary>> session(std::string_view session_id);
  // Empty if the id is unknown or its row was deleted by retention. Money comes in whole micro-dollars, as stored.
  [[nodiscard]] Result<std::optional<RequestRecord>> find_record(std::string_view id);
  // What the newest StateSnapshot held, in its order.
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> state_rows();
  // The newest first; at most 1000.
  [[nodiscard]] Result<std::vector<RequestRecord>> recent_records(std::size_t count);
  // The one used last first; at most 200.
  [[nodiscard]] Result<std::vector<LaneSummary>> recent_lanes(std::size_t count);
  // Of one lane, the newest first; at most 1000.
  [[nodiscard]] Result<std::vector<RequestRecord>> lane_records(std::string_view lane_id, std::size_t count);
  // Of that and later days, those that broke a warm prompt cache, the newest first; at most 1000.
  [[nodiscard]] Result<std::vector<RequestRecord>> cache_breaks(std::int32_t first_day, std::size_t count);
  // Sessions of a hold-out, each with its sums; at most a million.
  [[nodiscard]] Result<std::vector<SessionCost>> held_out_sessions(std::int32_t first_day);
  // The rows of `daily_totals` from that day on, in the order of day, model and class.
  [[nodiscard]] Result<std::vector<DayGroup>> day_groups(std::int32_t first_day);

 private:
  StatsReader(Database db, std::string path) : path_(std::move(path)), db_(std::move(db)) {}
  [[nodiscard]] DbResult<Summary> read_summary(Period period, std::int64_t now_ms);
  [[nodiscard]] DbResult<void> read_days(Summary& summary);
  [[nodiscard]] DbResult<std::vector<NamedTotals>> read_groups(std::string_view column, const Summary& summary);
  [[nodiscard]] DbResult<void> read_counted_apart(Summary& summary);
  [[nodiscard]] DbResult<void> read_gaps(Summary& summary);
  [[nodiscard]] DbResult<void> read_runs_without_end(Summary& summary);
  [[nodiscard]] DbResult<void> read_limits(Summary& summary);
  [[nodiscard]] DbResult<std::optional<SessionSummary>> read_session(std::string_view session_id);
  [[nodiscard]] DbResult<std::vector<RequestRecord>> read_records(Statement& statement);

  std::string path_;
  Database db_;
};

}  // namespace distiq
