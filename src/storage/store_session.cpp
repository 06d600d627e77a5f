#include "storage/store_session.h"

#include <initializer_list>
#include <utility>

#include "storage/store_schema.h"
#include "storage/stored_text.h"
#include "storage/totals_writer.h"

namespace distiq {
namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
// Losses of the same kind within a minute are one gap: a queue that stays full must not write a row per batch.
constexpr std::int64_t merge_gap_ms = 60'000;
// Five weeks show a whole subscription month; at one row per minute and header that is a bounded table.
constexpr std::int64_t series_minutes = 35 * 24 * 60;
constexpr std::int64_t forget_account_ms = 90 * ms_per_day;
constexpr std::int64_t forget_gap_ms = 400 * ms_per_day;

template <class T>
std::unexpected<DbError> pass_on(DbResult<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

DbResult<void> run_with(Database& db, std::string_view sql, std::initializer_list<std::int64_t> values) {
  auto statement = db.prepare(sql);
  if (!statement) return pass_on(statement);
  int index = 1;
  for (const std::int64_t value : values) statement->bind(index++, value);
  return statement->run();
}

DbResult<std::int64_t> count_with(Database& db, std::string_view sql, std::initializer_list<std::int64_t> values) {
  auto statement = db.prepare(sql);
  if (!statement) return pass_on(statement);
  int index = 1;
  for (const std::int64_t value : values) statement->bind(index++, value);
  auto row = statement->step();
  if (!row) return pass_on(row);
  return *row ? statement->integer(0) : 0;
}

}  // namespace

DbResult<std::unique_ptr<StoreSession>> StoreSession::open(const SessionConfig& config, RunMark& mine,
                                                           std::int64_t now_ms) {
  if (auto prepared = prepare_store_file(config.path); !prepared) return pass_on(prepared);
  auto lock = WriterLock::acquire(config.path);
  auto db = Database::open(config.path, DbAccess::read_write, config.busy_timeout);
  if (!db) return pass_on(db);
  if (config.max_pages > 0) {
    if (auto limited = db->limit_pages(config.max_pages); !limited) return pass_on(limited);
  }
  if (auto migrated = db->migrate(store_migrations(), store_application_id); !migrated) return pass_on(migrated);

  std::unique_ptr<StoreSession> session(new StoreSession(config, std::move(*db)));
  session->lock_ = std::move(lock);
  session->identity_ = identify_file(config.path);
  auto writer = RecordWriter::prepare(session->db_);
  if (!writer) return pass_on(writer);
  session->writer_ = std::move(*writer);
  auto touch =
      session->db_.prepare("UPDATE runs SET last_commit_ms = max(last_commit_ms, ?), ended_at_ms = NULL WHERE run = ?");
  if (!touch) return pass_on(touch);
  session->touch_run_ = std::move(*touch);
  if (auto begun = session->begin_run(mine, now_ms); !begun) return pass_on(begun);
  session->lock_.share();
  return session;
}

DbResult<void> StoreSession::begin_run(RunMark& mine, std::int64_t now_ms) {
  auto transaction = Transaction::begin(db_);
  if (!transaction) return pass_on(transaction);
  const auto known =
      count_with(db_, "SELECT count(*) FROM runs WHERE run = ? AND started_at_ms = ?", {mine.run, mine.started_at_ms});
  if (!known) return std::unexpected(known.error());
  const RunMark run = *known > 0 ? mine : RunMark{0, now_ms};
  if (lock_.alone()) {
    // All runs that seem to be alive are dead, except for our own.
    auto found = run_with(db_,
                          "INSERT INTO gaps (from_ms, to_ms, lost, reason, detail) SELECT last_commit_ms, ?, NULL, "
                          "'unclean_shutdown', '' FROM runs WHERE ended_at_ms IS NULL AND run != ?",
                          {now_ms, run.run});
    if (!found) return found;
    auto ended =
        run_with(db_, "UPDATE runs SET ended_at_ms = ? WHERE ended_at_ms IS NULL AND run != ?", {now_ms, run.run});
    if (!ended) return ended;
  }
  if (run.run == 0) {
    auto begun = run_with(db_, "INSERT INTO runs (started_at_ms, last_commit_ms) VALUES (?, ?)", {now_ms, now_ms});
    if (!begun) return begun;
  }
  run_ = run.run != 0 ? run.run : db_.last_row_id();
  auto committed = transaction->commit();
  if (committed) mine = {run_, run.started_at_ms};
  return committed;
}

DbResult<void> StoreSession::write(std::span<const StoreItem> items, std::span<const Gap> gaps, std::int64_t now_ms) {
  lock_.share();
  auto transaction = Transaction::begin(db_);
  if (!transaction) return pass_on(transaction);
  if (auto begun = writer_.begin_batch(); !begun) return begun;
  for (const StoreItem& item : items) {
    auto written = std::visit([this](const auto& record) { return writer_.write(record); }, item);
    if (!written) return written;
  }
  if (auto finished = writer_.finish_batch(); !finished) return finished;
  for (const Gap& gap : gaps) {
    if (auto written = write_gap(gap); !written) return written;
  }
  if (auto touched = touch_run_.bind(1, now_ms).bind(2, run_).run(); !touched) return touched;
  auto committed = transaction->commit();
  if (committed) writer_.batch_committed();
  return committed;
}

DbResult<void> StoreSession::write_gap(const Gap& gap) {
  if (gap.lost) {
    auto merge = db_.prepare(
        "UPDATE gaps SET to_ms = max(to_ms, ?), lost = lost + ? WHERE gap = (SELECT max(gap) FROM gaps) "
        "AND lost IS NOT NULL AND reason = ? AND to_ms >= ?");
    if (!merge) return pass_on(merge);
    merge->bind(1, gap.to_ms).bind(2, *gap.lost).bind(3, gap.reason).bind(4, gap.from_ms - merge_gap_ms);
    if (auto merged = merge->run(); !merged || db_.changed_rows() > 0) return merged;
  }
  auto insert = db_.prepare("INSERT INTO gaps (from_ms, to_ms, lost, reason, detail) VALUES (?, ?, ?, ?, ?)");
  if (!insert) return pass_on(insert);
  insert->bind(1, gap.from_ms).bind(2, gap.to_ms).bind(4, gap.reason).bind(5, StoredText::line(gap.detail).view());
  if (gap.lost) insert->bind(3, *gap.lost);
  return insert->run();
}

DbResult<void> StoreSession::finish(std::int64_t now_ms) {
  return run_with(db_, "UPDATE runs SET ended_at_ms = ? WHERE run = ?", {now_ms, run_});
}

DbResult<std::int64_t> StoreSession::delete_expired(std::int64_t cutoff_ms, std::int64_t step_rows,
                                                    std::int64_t now_ms) {
  auto transaction = Transaction::begin(db_);
  if (!transaction) return pass_on(transaction);
  // Only an unbroken run of the oldest rows goes, so that one anchor describes all that is gone.
  auto oldest = db_.prepare("SELECT seq, started_at_ms FROM requests ORDER BY seq LIMIT ?");
  if (!oldest) return pass_on(oldest);
  oldest->bind(1, step_rows);
  std::int64_t last_seq = 0;
  std::int64_t rows = 0;
  auto row = oldest->step();
  for (; row && *row && oldest->integer(1) < cutoff_ms; row = oldest->step()) {
    last_seq = oldest->integer(0);
    ++rows;
  }
  if (!row) return pass_on(row);
  oldest->reset();
  if (rows > 0) {
    if (auto moved = move_anchor(last_seq, rows); !moved) return pass_on(moved);
    if (auto taken = take_from_sessions(db_, last_seq); !taken) return pass_on(taken);
    auto deleted = run_with(db_, "DELETE FROM requests WHERE seq <= ?", {last_seq});
    if (!deleted) return pass_on(deleted);
  }
  writer_.forget();  // it remembers rate limits
  const std::pair<const char*, std::int64_t> outdated[] = {
      {"DELETE FROM rate_limit_series WHERE observed_minute < ?", now_ms / 60'000 - series_minutes},
      {"DELETE FROM rate_limit_latest WHERE observed_at_ms < ?", now_ms - forget_account_ms},
      {"DELETE FROM gaps WHERE to_ms < ?", now_ms - forget_gap_ms},
      {"DELETE FROM runs WHERE ended_at_ms < ?", now_ms - forget_gap_ms},
  };
  for (const auto& [sql, before] : outdated) {
    if (auto deleted = run_with(db_, sql, {before}); !deleted) return pass_on(deleted);
  }
  if (auto committed = transaction->commit(); !committed) return pass_on(committed);
  // Gives freed pages back a few megabytes at a time.
  if (auto shrunk = db_.execute("PRAGMA incremental_vacuum(1000)"); !shrunk) return pass_on(shrunk);
  return rows;
}

DbResult<void> StoreSession::move_anchor(std::int64_t last_seq, std::int64_t rows) {
  return run_with(
      db_,
      "INSERT INTO retention_anchor (one, last_seq, last_id, last_started_at_ms, deleted_rows, chain_hash) "
      "SELECT 1, seq, id, started_at_ms, ?2, CAST(chain AS BLOB) FROM requests WHERE seq = ?1 "
      "ON CONFLICT (one) DO UPDATE SET last_seq = excluded.last_seq, last_id = excluded.last_id, "
      "last_started_at_ms = excluded.last_started_at_ms, deleted_rows = deleted_rows + excluded.deleted_rows, "
      "chain_hash = excluded.chain_hash",
      {last_seq, rows});
}

}  // namespace distiq
