#include "storage/stats_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "stats/summary_calendar.h"
#include "storage/record_columns.h"
#include "storage/store_file.h"
#include "storage/store_schema.h"

namespace distiq {
namespace {

constexpr std::size_t max_names = 50;
constexpr std::int64_t max_gaps = 50;
constexpr std::size_t max_accounts = 8;
constexpr std::size_t max_records = 1000;
constexpr std::string_view only_requests = "request_class NOT IN ('other_path', 'refused')";

std::string sums_of_totals() {
  std::string sums;
  const Totals any;
  visit_totals(any, [&](const char* name, std::int64_t) {
    fmt::format_to(std::back_inserter(sums), "{}sum({})", sums.empty() ? "" : ", ", name);
  });
  return sums;
}

Totals read_sums(const Statement& row, int first) {
  Totals totals;
  visit_totals(totals, [&](const char*, std::int64_t& value) { value = row.integer(first++); });
  return totals;
}

template <class T>
std::unexpected<DbError> pass_on(DbResult<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

Error unreadable(std::string detail, std::string_view why) {
  return {ErrorKind::store_unavailable, std::move(detail), std::string(why)};
}

}  // namespace

Result<StatsReader> StatsReader::open(const std::string& path, std::chrono::milliseconds busy_timeout) {
  if (identify_file(path) == FileIdentity{}) {
    return std::unexpected(unreadable(path, "There are no statistics yet: the proxy has not recorded anything here."));
  }
  auto db = Database::open(path, DbAccess::read_only, busy_timeout);
  if (!db) return std::unexpected(to_error(std::move(db.error())));
  const auto owner = db->query_integer("PRAGMA application_id");
  if (!owner) return std::unexpected(to_error(owner.error()));
  const auto version = db->query_integer("PRAGMA user_version");
  if (!version) return std::unexpected(to_error(version.error()));
  if (*owner == 0 && *version == 0) {
    return std::unexpected(unreadable(path, "There are no statistics yet: the store is empty."));
  }
  if (*owner != store_application_id) {
    return std::unexpected(unreadable(path, "The statistics file belongs to another program."));
  }
  const auto known = static_cast<std::int64_t>(store_migrations().size());
  if (*version != known) {
    const std::string_view what = *version > known ? "The statistics were written by a newer version of this program."
                                                   : "The statistics are of an older version: start the proxy once.";
    return std::unexpected(unreadable(fmt::format("{}: schema {}, we know {}", path, *version, known), what));
  }
  return StatsReader(std::move(*db), path);
}

Result<Summary> StatsReader::summary(Period period, std::int64_t now_ms) {
  auto read = read_summary(period, now_ms);
  if (!read) return std::unexpected(to_error(std::move(read.error())));
  return std::move(*read);
}

DbResult<Summary> StatsReader::read_summary(Period period, std::int64_t now_ms) {
  const bool writer_lives = WriterLock::is_held(path_);
  auto moment = Transaction::begin_read(db_);
  if (!moment) return pass_on(moment);
  Summary summary;
  summary.period = period;
  summary.made_at_ms = now_ms;
  summary.last_day = local_day(now_ms);
  summary.first_day = first_day_of(period, now_ms);
  if (auto read = read_days(summary); !read) return pass_on(read);
  if (auto read = read_counted_apart(summary); !read) return pass_on(read);
  auto models = read_groups("model", summary);
  if (!models) return pass_on(models);
  summary.by_model = std::move(*models);
  auto classes = read_groups("request_class", summary);
  if (!classes) return pass_on(classes);
  summary.by_class = std::move(*classes);
  if (auto read = read_gaps(summary); !read) return pass_on(read);
  if (!writer_lives) {
    if (auto read = read_runs_without_end(summary); !read) return pass_on(read);
  }
  if (auto read = read_limits(summary); !read) return pass_on(read);
  if (period == Period::all) summary.first_day = summary.by_day.empty() ? summary.last_day : summary.by_day.front().day;
  return summary;
}

DbResult<void> StatsReader::read_days(Summary& summary) {
  // Records dated after today (a clock was wrong) count as part of every period rather than vanish.
  auto days = db_.prepare(fmt::format(
      "SELECT local_day, {} FROM daily_totals WHERE local_day >= ? AND {} GROUP BY local_day ORDER BY local_day",
      sums_of_totals(), only_requests));
  if (!days) return pass_on(days);
  days->bind(1, summary.first_day);
  auto row = days->step();
  for (; row && *row; row = days->step()) {
    summary.by_day.push_back({static_cast<std::int32_t>(days->integer(0)), read_sums(*days, 1)});
    summary.total += summary.by_day.back().totals;
  }
  if (!row) return pass_on(row);
  return {};
}

DbResult<void> StatsReader::read_counted_apart(Summary& summary) {
  auto counts = db_.prepare(
      "SELECT ifnull(sum(requests) FILTER (WHERE request_class = ?2), 0), "
      "ifnull(sum(requests) FILTER (WHERE request_class = ?3), 0) FROM daily_totals WHERE local_day >= ?1");
  if (!counts) return pass_on(counts);
  counts->bind(1, summary.first_day).bind(2, to_string(Counted::other_path)).bind(3, to_string(Counted::refused));
  auto row = counts->step();
  if (!row) return pass_on(row);
  summary.other_paths = counts->integer(0);
  summary.refused = counts->integer(1);
  return {};
}

DbResult<std::vector<NamedTotals>> StatsReader::read_groups(std::string_view column, const Summary& summary) {
  auto groups =
      db_.prepare(fmt::format("SELECT {0}, {1} FROM daily_totals WHERE local_day >= ? AND {2} GROUP BY {0} "
                              "ORDER BY sum(cost_usd_micros) DESC, sum(requests) DESC, {0}",
                              column, sums_of_totals(), only_requests));
  if (!groups) return pass_on(groups);
  groups->bind(1, summary.first_day);
  std::vector<NamedTotals> named;
  auto row = groups->step();
  for (; row && *row; row = groups->step()) {
    if (named.size() < max_names) {
      named.push_back({std::string(groups->text(0)), read_sums(*groups, 1)});
    } else {
      if (named.size() == max_names) named.push_back({"(other)", {}});
      named.back().totals += read_sums(*groups, 1);
    }
  }
  if (!row) return pass_on(row);
  return named;
}

DbResult<void> StatsReader::read_gaps(Summary& summary) {
  // Gaps are few, so those of the period are picked here, by the same calendar as the records.
  auto gaps = db_.prepare("SELECT from_ms, to_ms, lost, reason, detail FROM gaps ORDER BY gap DESC");
  if (!gaps) return pass_on(gaps);
  auto row = gaps->step();
  for (; row && *row; row = gaps->step()) {
    Gap gap{gaps->integer(0), gaps->integer(1), std::nullopt, std::string(gaps->text(3)), std::string(gaps->text(4))};
    if (!gaps->is_null(2)) gap.lost = gaps->integer(2);
    if (local_day(gap.to_ms) < summary.first_day) continue;
    ++summary.gap_count;
    summary.lost_records += gap.lost.value_or(0);
    if (summary.gap_count <= max_gaps) summary.gaps.push_back(std::move(gap));
  }
  if (!row) return pass_on(row);
  return {};
}

// A run that has not said goodbye and whose lock nobody holds has died: the next start writes that down, we say it now.
DbResult<void> StatsReader::read_runs_without_end(Summary& summary) {
  auto runs = db_.prepare("SELECT last_commit_ms FROM runs WHERE ended_at_ms IS NULL ORDER BY run");
  if (!runs) return pass_on(runs);
  std::vector<Gap> dead;
  auto row = runs->step();
  for (; row && *row; row = runs->step()) {
    dead.push_back({runs->integer(0), summary.made_at_ms, std::nullopt, "unclean_shutdown", {}});
  }
  if (!row) return pass_on(row);
  if (dead.empty() || WriterLock::is_held(path_)) return {};  // one may have started since we looked first
  summary.gap_count += static_cast<std::int64_t>(dead.size());
  summary.gaps.insert(summary.gaps.begin(), dead.begin(), dead.end());
  if (summary.gaps.size() > static_cast<std::size_t>(max_gaps)) summary.gaps.resize(max_gaps);
  return {};
}

DbResult<void> StatsReader::read_limits(Summary& summary) {
  auto limits = db_.prepare(
      "SELECT account_hash, observed_at_ms, name, value FROM rate_limit_latest ORDER BY account_hash, name");
  if (!limits) return pass_on(limits);
  auto row = limits->step();
  for (; row && *row; row = limits->step()) {
    if (summary.limits.empty() || summary.limits.back().account_hash != limits->text(0)) {
      summary.limits.push_back({std::string(limits->text(0)), 0, {}});
    }
    AccountLimits& account = summary.limits.back();
    account.observed_at_ms = std::max(account.observed_at_ms, limits->integer(1));
    account.headers.emplace_back(limits->text(2), limits->text(3));
  }
  if (!row) return pass_on(row);
  std::sort(summary.limits.begin(), summary.limits.end(), [](const AccountLimits& a, const AccountLimits& b) {
    return std::tie(b.observed_at_ms, a.account_hash) < std::tie(a.observed_at_ms, b.account_hash);
  });
  if (summary.limits.size() > max_accounts) summary.limits.resize(max_accounts);
  return {};
}

Result<std::optional<RequestRecord>> StatsReader::find_record(std::string_view id) {
  auto statement = db_.prepare(fmt::format("SELECT id, {} FROM requests WHERE id = ?", request_column_names()));
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, id);
  auto found = read_records(*statement);
  if (!found) return std::unexpected(to_error(std::move(found.error())));
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

Result<std::vector<RequestRecord>> StatsReader::recent_records(std::size_t count) {
  auto statement =
      db_.prepare(fmt::format("SELECT id, {} FROM requests ORDER BY seq DESC LIMIT ?", request_column_names()));
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, static_cast<std::int64_t>(std::min(count, max_records)));
  auto found = read_records(*statement);
  if (!found) return std::unexpected(to_error(std::move(found.error())));
  return std::move(*found);
}

Result<std::vector<std::pair<std::string, std::string>>> StatsReader::state_rows() {
  auto statement = db_.prepare("SELECT kind, line FROM steering_state ORDER BY position LIMIT 100000");
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  std::vector<std::pair<std::string, std::string>> rows;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) rows.emplace_back(statement->text(0), statement->text(1));
  if (!row) return std::unexpected(to_error(std::move(row.error())));
  return rows;
}

DbResult<std::vector<RequestRecord>> StatsReader::read_records(Statement& statement) {
  std::vector<RequestRecord> records;
  auto row = statement.step();
  for (; row && *row; row = statement.step()) {
    records.push_back(read_request(statement, 1));
    records.back().id = statement.text(0);
  }
  if (!row) return pass_on(row);
  return records;
}

}  // namespace distiq
