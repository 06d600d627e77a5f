// The lanes (conversations with one prompt cache each) that were used last, out of the newest rows.
#include <algorithm>
#include <utility>

#include "storage/record_columns.h"
#include "storage/stats_reader.h"

#include <fmt/format.h>

namespace distiq {
namespace {

constexpr std::size_t most_lanes = 200;
constexpr std::size_t most_requests = 1000;

// A row of its own for the sums, one for the newest request and one for the newest that was metered: a refused request
// says nothing about the size of the conversation. Token counts cost nothing and have no cache.
constexpr std::string_view lanes_sql =
    "SELECT lane.lane_id, newest.session_id, newest.agent_id, newest.request_class, newest.requested_model, "
    "ifnull(metered.served_model, ''), newest.started_at_ms, lane.requests, lane.prompt, lane.cache_read, lane.cost, "
    "lane.untouched, ifnull(metered.input_tokens + metered.cache_read_tokens + metered.cache_write_5m_tokens + "
    "metered.cache_write_1h_tokens, 0), newest.cause = 'pinned', lane.escalated "
    "FROM (SELECT lane_id, max(seq) AS last, max(CASE WHEN usage_seen = 1 THEN seq END) AS last_metered, "
    "count(*) AS requests, sum(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens) AS "
    "prompt, sum(cache_read_tokens) AS cache_read, sum(cost_usd_micros) AS cost, "
    "sum(counterfactual_usd_micros - restored_usd_micros) AS untouched, max(decision_point = 'escalation') AS "
    "escalated "
    "FROM requests NOT INDEXED WHERE seq > (SELECT max(seq) FROM requests) - {} AND lane_id != '' AND duplicate = 0 "
    "AND request_class != 'count_tokens' GROUP BY lane_id ORDER BY last DESC LIMIT ?) AS lane "
    "JOIN requests AS newest ON newest.seq = lane.last "
    "LEFT JOIN requests AS metered ON metered.seq = lane.last_metered ORDER BY lane.last DESC";

LaneSummary read_lane(const Statement& row) {
  return {.lane_id = std::string(row.text(0)),
          .session_id = std::string(row.text(1)),
          .agent_id = std::string(row.text(2)),
          .request_class = request_class_from(row.text(3)),
          .requested_model = std::string(row.text(4)),
          .served_model = std::string(row.text(5)),
          .last_use_ms = row.integer(6),
          .requests = row.integer(7),
          .prompt_tokens = row.integer(8),
          .cache_read_tokens = row.integer(9),
          .cost_usd_micros = row.integer(10),
          .untouched_usd_micros = row.integer(11),
          .context_tokens = row.integer(12),
          .pinned = row.integer(13) != 0,
          .escalated = row.integer(14) != 0};
}

}  // namespace

Result<std::vector<LaneSummary>> StatsReader::recent_lanes(std::size_t count) {
  auto statement = db_.prepare(fmt::format(lanes_sql, lane_rows));
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, static_cast<std::int64_t>(std::min(count, most_lanes)));
  std::vector<LaneSummary> lanes;
  auto row = statement->step();
  for (; row && *row; row = statement->step()) lanes.push_back(read_lane(*statement));
  if (!row) return std::unexpected(to_error(std::move(row.error())));
  return lanes;
}

Result<std::vector<RequestRecord>> StatsReader::lane_records(std::string_view lane_id, std::size_t count) {
  auto statement = db_.prepare(
      fmt::format("SELECT id, {} FROM requests NOT INDEXED WHERE seq > (SELECT max(seq) FROM requests) - {} "
                  "AND lane_id = ? ORDER BY seq DESC LIMIT ?",
                  request_column_names(), lane_rows));
  if (!statement) return std::unexpected(to_error(std::move(statement.error())));
  statement->bind(1, lane_id).bind(2, static_cast<std::int64_t>(std::min(count, most_requests)));
  auto found = read_records(*statement);
  if (!found) return std::unexpected(to_error(std::move(found.error())));
  return std::move(*found);
}

}  // namespace distiq
