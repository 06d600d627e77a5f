// One session out of the record store, by the index on session_id.
#include <algorithm>
#include <utility>

#include "storage/stats_reader.h"

namespace distiq {
namespace {

// `session_id != ''` is what makes the partial index usable; all columns stand in it.
constexpr std::string_view sums_sql =
    "SELECT count(*), sum(input_tokens), sum(cache_read_tokens), sum(cache_write_5m_tokens), "
    "sum(cache_write_1h_tokens), sum(output_tokens), sum(cost_usd_micros), sum(counterfactual_usd_micros), "
    "sum(restored_usd_micros) FROM requests WHERE session_id = ? AND session_id != '' AND duplicate = 0";
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

Totals read_totals(const Statement& row) {
  Totals totals;
  std::int64_t* const columns[] = {&totals.requests,
                                   &totals.input_tokens,
                                   &totals.cache_read_tokens,
                                   &totals.cache_write_5m_tokens,
                                   &totals.cache_write_1h_tokens,
                                   &totals.output_tokens,
                                   &totals.cost_usd_micros,
                                   &totals.counterfactual_usd_micros,
                                   &totals.restored_usd_micros};
  int index = 0;
  for (auto* column : columns) *column = row.integer(index++);
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
  auto sums = db_.prepare(sums_sql);
  if (!sums) return pass_on(sums);
  sums->bind(1, session_id);
  auto row = sums->step();
  if (!row) return pass_on(row);
  SessionSummary session;
  session.totals = read_totals(*sums);
  if (session.totals.requests == 0) return std::nullopt;

  auto newest = db_.prepare(newest_sql);
  if (!newest) return pass_on(newest);
  newest->bind(1, session_id);
  row = newest->step();
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
