// Lists that single commands ask for.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/record_columns.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr std::size_t most_breaks = 1000;

}  // namespace

Result<std::vector<RequestRecord>> StatsReader::cache_breaks(std::int32_t first_day, std::size_t count) {
  auto statement = db_.prepare(
      fmt::format("SELECT id, {} FROM requests WHERE cache_break != '' AND local_day >= ? ORDER BY seq DESC LIMIT ?",
                  request_column_names()));
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, first_day).bind(2, static_cast<std::int64_t>(std::min(count, most_breaks)));
  auto found = read_records(*statement);
  if (!found) return std::unexpected(to_error(std::move(found.error())));
  return std::move(*found);
}

Result<std::vector<SessionCost>> StatsReader::held_out_sessions(std::int32_t first_day) {
  auto statement = db_.prepare(
      "SELECT arm = 'control', count(*), sum(human_turn), sum(cost_usd_micros), "
      "sum(counterfactual_usd_micros - restored_usd_micros) FROM requests "
      "WHERE arm != '' AND local_day >= ? AND duplicate = 0 GROUP BY arm, session_id LIMIT 1000000");
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, first_day);
  std::vector<SessionCost> sessions;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) {
    sessions.push_back({.control = statement->integer(0) != 0,
                        .requests = statement->integer(1),
                        .human_turns = statement->integer(2),
                        .cost_usd_micros = statement->integer(3),
                        .untouched_usd_micros = statement->integer(4)});
  }
  if (!row) return std::unexpected(to_error(std::move(row.error())));
  return sessions;
}

Result<std::vector<DayGroup>> StatsReader::day_groups(std::int32_t first_day) {
  std::string names;
  const Totals any;
  visit_totals(any, [&](const char* name, std::int64_t) { names.append(", ").append(name); });
  auto statement = db_.prepare(fmt::format(
      "SELECT local_day, model, request_class{} FROM daily_totals WHERE local_day >= ? ORDER BY 1, 2, 3", names));
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, first_day);
  std::vector<DayGroup> groups;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) {
    DayGroup group{static_cast<std::int32_t>(statement->integer(0)),
                   std::string(statement->text(1)),
                   std::string(statement->text(2)),
                   {}};
    int column = 3;
    visit_totals(group.totals, [&](const char*, std::int64_t& value) { value = statement->integer(column++); });
    groups.push_back(std::move(group));
  }
  if (!row) return std::unexpected(to_error(std::move(row.error())));
  return groups;
}

}  // namespace distiq
