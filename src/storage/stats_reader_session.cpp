// One session out of the record store: its row in `session_totals`.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/record_totals.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

// Backwards from the newest: a session that somebody looks at is among the last ones. No further than 5000 rows.
constexpr std::string_view newest_sql =
    "SELECT requested_model, served_model, account_kind, account_hash FROM requests NOT INDEXED "
    "WHERE seq > (SELECT max(seq) FROM requests) - 5000 AND session_id = ? AND usage_seen = 1 "
    "AND request_class = 'main' ORDER BY seq DESC LIMIT 1";
constexpr std::string_view limits_sql =
    "SELECT observed_at_ms, name, value FROM rate_limit_latest WHERE account_hash = ? ORDER BY name";

template <class T>
std::unexpected<DbError> pass_on(DbResult<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

// No requests: nothing of that session is recorded.
DbResult<Totals> read_totals(Database& db, std::string_view session_id) {
  auto sums =
      db.prepare(fmt::format("SELECT session_id{} FROM session_totals WHERE session_id = ?", session_total_names()));
  if (!sums) return pass_on(sums);
  sums->bind(1, session_id);
  auto row = sums->step();
  if (!row) return pass_on(row);
  Totals totals;
  int column = 1;
  if (*row) visit_session_totals(totals, [&](const char*, std::int64_t& value) { value = sums->integer(column++); });
  return totals;
}

DbResult<std::optional<AccountLimits>> read_account_limits(Database& db, const std::string& account_hash) {
  auto rows = db.prepare(limits_sql);
  if (!rows) return pass_on(rows);
  rows->bind(1, account_hash);
  AccountLimits limits{account_hash, 0, {}};
  auto row = rows->step();
  for (; row && *row; row = rows->step()) {
    limits.observed_at_ms = std::max(limits.observed_at_ms, rows->integer(0));
    limits.headers.emplace_back(rows->text(1), rows->text(2));
  }
  if (!row) return pass_on(row);
  if (limits.headers.empty()) return std::nullopt;
  return limits;
}

}  // namespace

Result<std::optional<SessionSummary>> StatsReader::session(std::string_view session_id) {
  auto read = read_session(session_id);
  if (!read) return std::unexpected(to_error(std::move(read.error())));
  return std::move(*read);
}

DbResult<std::optional<SessionSummary>> StatsReader::read_session(std::string_view session_id) {
  auto moment = Transaction::begin_read(db_);
  if (!moment) return pass_on(moment);
  auto totals = read_totals(db_, session_id);
  if (!totals) return pass_on(totals);
  if (totals->requests == 0) return std::nullopt;
  SessionSummary session;
  session.totals = *totals;

  auto newest = db_.prepare(newest_sql);
  if (!newest) return pass_on(newest);
  newest->bind(1, session_id);
  auto row = newest->step();
  if (!row) return pass_on(row);
  if (!*row) return session;
  session.requested_model = newest->text(0);
  session.served_model = newest->text(1);
  session.account_kind = account_kind_from(newest->text(2));
  auto limits = read_account_limits(db_, std::string(newest->text(3)));
  if (!limits) return pass_on(limits);
  session.limits = std::move(*limits);
  return session;
}

}  // namespace distiq
