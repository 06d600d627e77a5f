#include "storage/store_auditor.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

#include "money/cost.h"
#include "money/usd_text.h"
#include "stats/summary_calendar.h"
#include "storage/record_chain.h"
#include "storage/record_columns.h"
#include "storage/record_totals.h"
#include "storage/sqlite_db.h"
#include "storage/stats_reader.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

// Each of four causes is rounded for itself, and so are the three amounts that they add up to.
constexpr std::int64_t rounding_micros = 4;

void note(AuditCheck& check, bool right, std::string_view id, const std::string& detail) {
  ++check.checked;
  if (right) return;
  if (++check.wrong > 1) return;
  check.first_wrong = id;
  check.detail = detail;
}

// "speed=fast,geo=us": what beside tokens and model made the price.
std::string_view basis_value(std::string_view basis, std::string_view name) {
  while (!basis.empty()) {
    const std::string_view part = basis.substr(0, basis.find(','));
    if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) return part.substr(name.size() + 1);
    basis.remove_prefix(std::min(part.size() + 1, basis.size()));
  }
  return {};
}

UsageReport report_of(const RequestRecord& record, std::string_view model, const TokenUsage& usage) {
  UsageReport report;
  report.model = model;
  report.total = usage;
  report.seen = true;
  report.speed = basis_value(record.price_basis, "speed");
  report.service_tier = basis_value(record.price_basis, "tier");
  report.inference_geo = basis_value(record.price_basis, "geo");
  return report;
}

class Auditor {
 public:
  Auditor(Database db, const PriceTable& prices) : db_(std::move(db)), prices_(prices) {}

  DbResult<StoreAudit> run() {
    auto moment = Transaction::begin_read(db_);
    if (!moment) return std::unexpected(std::move(moment.error()));
    if (auto read = read_anchor(); !read) return std::unexpected(std::move(read.error()));
    if (auto read = read_rows(); !read) return std::unexpected(std::move(read.error()));
    if (auto read = read_totals(); !read) return std::unexpected(std::move(read.error()));
    if (auto read = read_session_totals(); !read) return std::unexpected(std::move(read.error()));
    return std::move(audit_);
  }

 private:
  using Key = std::tuple<std::int64_t, std::string, std::string>;  // day, model, class

  DbResult<void> read_anchor() {
    auto anchor =
        db_.prepare("SELECT deleted_rows, last_started_at_ms, CAST(chain_hash AS TEXT) FROM retention_anchor");
    if (!anchor) return std::unexpected(std::move(anchor.error()));
    auto row = anchor->step();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return {};
    audit_.deleted_before = anchor->integer(0);
    if (audit_.deleted_before > 0) first_whole_day_ = std::int64_t{local_day(anchor->integer(1))} + 1;
    if (!anchor->is_null(2)) chain_ = anchor->text(2);
    return {};
  }

  DbResult<void> read_rows() {
    auto rows = db_.prepare(
        fmt::format("SELECT id, duplicate, local_day, chain, {} FROM requests ORDER BY seq", request_column_names()));
    if (!rows) return std::unexpected(std::move(rows.error()));
    auto row = rows->step();
    for (; row && *row; row = rows->step()) {
      RequestRecord record = read_request(*rows, 4);
      record.id = rows->text(0);
      ++audit_.rows;
      check_chain(record, rows->integer(1) != 0, rows->text(3));
      check_money(record);
      add_to_totals(record, rows->integer(2), rows->integer(1) != 0);
    }
    if (!row) return std::unexpected(std::move(row.error()));
    return {};
  }

  void check_chain(const RequestRecord& record, bool duplicate, std::string_view chain) {
    if (chain.empty() && chain_.empty()) {
      ++audit_.before_chain;
      return;
    }
    row_.set(record);
    const std::string expected = next_chain(chain_, record.id, duplicate, row_.text());
    note(audit_.chain, chain == expected, record.id, fmt::format("{} instead of {}", chain, expected));
    chain_ = chain;  // one changed row is one finding, not all that follow
  }

  void check_money(const RequestRecord& record) {
    if (record.usage_seen) check_prices(record);
    const RouteRecord& route = record.route;
    const std::int64_t by_cause = stored_micro_usd(route.saved_by_routing) + stored_micro_usd(route.saved_by_markers) +
                                  stored_micro_usd(route.saved_by_ttl) + stored_micro_usd(route.saved_by_effort);
    const std::int64_t saved =
        stored_micro_usd(record.counterfactual) - stored_micro_usd(record.restored) - stored_micro_usd(record.cost);
    note(audit_.causes, std::abs(saved - by_cause) <= rounding_micros, record.id,
         fmt::format("saved {} micro-dollars, by cause {}", saved, by_cause));
  }

  void check_prices(const RequestRecord& record) {
    if (!basis_value(record.price_basis, "passes").empty()) {
      ++audit_.not_recomputable;
      return;
    }
    const PicoUsd discarded = record.route.discarded_cost;
    const auto agrees = [&](PicoUsd stored, PicoUsd computed) {
      return std::abs(stored_micro_usd(stored) - stored_micro_usd(computed)) <= 1;
    };
    const PicoUsd answer =
        charge(prices_, report_of(record, record.served_model, record.usage), record.requested_model).cost;
    const bool maybe_free = !basis_value(record.price_basis, "refusal").empty();
    // An answer that was thrown away may be the only one with usage.
    const bool right = agrees(record.cost, answer + discarded) || (maybe_free && agrees(record.cost, discarded));
    note(audit_.prices, right, record.id,
         fmt::format("{} stored, {} computed", usd_text(record.cost, 6), usd_text(answer + discarded, 6)));

    const RouteRecord& route = record.route;
    const bool untouched_is_known = route.untouched.prompt() + route.untouched.output > 0;
    if (!untouched_is_known) return;
    TokenUsage usage = route.untouched;
    usage.web_searches = record.usage.web_searches;
    usage.web_fetches = record.usage.web_fetches;
    usage.code_executions = record.usage.code_executions;
    const PicoUsd other =
        charge(prices_, report_of(record, record.requested_model, usage), record.requested_model).cost;
    // Where nothing was touched it is the cost, whatever the model that answered was called.
    const bool same = agrees(record.counterfactual, other) || agrees(record.counterfactual, record.cost - discarded);
    note(audit_.counterfactual, same, record.id,
         fmt::format("{} stored, {} computed", usd_text(record.counterfactual, 6), usd_text(other, 6)));
  }

  void add_to_totals(const RequestRecord& record, std::int64_t day, bool duplicate) {
    if (day < first_whole_day_) return;
    const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
    sums_[{day, std::string(StoredText::identifier(model).view()), std::string(group_of(record))}] +=
        totals_of(record, duplicate);
  }

  DbResult<void> read_totals() {
    std::string names;
    const Totals any;
    visit_totals(any, [&](const char* name, std::int64_t) { names.append(", ").append(name); });
    auto rows = db_.prepare(fmt::format("SELECT local_day, model, request_class{} FROM daily_totals", names));
    if (!rows) return std::unexpected(std::move(rows.error()));
    auto row = rows->step();
    std::int64_t last_in_part = -1;
    for (; row && *row; row = rows->step()) {
      const std::int64_t day = rows->integer(0);
      if (day < first_whole_day_) {
        if (std::exchange(last_in_part, day) != day) ++audit_.days_in_part;
        continue;
      }
      Totals stored;
      int column = 3;
      visit_totals(stored, [&](const char*, std::int64_t& value) { value = rows->integer(column++); });
      compare(Key{day, std::string(rows->text(1)), std::string(rows->text(2))}, stored);
    }
    if (!row) return std::unexpected(std::move(row.error()));
    while (!sums_.empty()) compare(Key(sums_.begin()->first), Totals{});  // rows whose totals are missing
    return {};
  }

  // Of sessions there may be as many as rows: SQLite adds them up, which sorts in files what is too much for memory.
  DbResult<void> read_session_totals() {
    const Totals any;
    std::string differences;
    visit_session_totals(any, [&](const char* name, std::int64_t) {
      fmt::format_to(std::back_inserter(differences), ", sum({})", name);
    });
    auto sessions = db_.prepare(fmt::format(
        "SELECT session_id{} FROM (SELECT session_id{} FROM session_totals UNION ALL {}) GROUP BY session_id",
        differences, session_total_names(), session_shares_taken_away("true")));
    if (!sessions) return std::unexpected(std::move(sessions.error()));
    auto row = sessions->step();
    for (; row && *row; row = sessions->step()) {
      std::string detail;
      int column = 1;
      visit_session_totals(any, [&](const char* name, std::int64_t) {
        const std::int64_t difference = sessions->integer(column++);
        if (difference != 0)
          fmt::format_to(std::back_inserter(detail), "{}: {:+} against the rows; ", name, difference);
      });
      note(audit_.totals, detail.empty(), fmt::format("session {}", sessions->text(0)), detail);
    }
    if (!row) return std::unexpected(std::move(row.error()));
    return {};
  }

  void compare(const Key& key, const Totals& stored) {
    const auto found = sums_.find(key);
    const Totals sum = found == sums_.end() ? Totals{} : found->second;
    std::string differing;
    std::map<std::string_view, std::int64_t> of_rows;
    visit_totals(sum, [&](const char* name, std::int64_t value) { of_rows[name] = value; });
    visit_totals(stored, [&](const char* name, std::int64_t value) {
      if (value != of_rows[name])
        fmt::format_to(std::back_inserter(differing), "{}: {} stored, {} by rows; ", name, value, of_rows[name]);
    });
    const auto& [day, model, request_class] = key;
    note(audit_.totals, differing.empty(),
         fmt::format("{} {} {}", day_text(static_cast<std::int32_t>(day)), model, request_class), differing);
    if (found != sums_.end()) sums_.erase(found);
  }

  Database db_;
  const PriceTable& prices_;
  StoreAudit audit_;
  StoredRow row_;
  std::string chain_;
  std::int64_t first_whole_day_ = INT64_MIN;
  std::map<Key, Totals> sums_;  // bounded by days times models times classes
};

}  // namespace

Result<StoreAudit> audit_store(const std::string& path, const PriceTable& prices) {
  if (auto reader = StatsReader::open(path); !reader) return std::unexpected(reader.error());
  auto db = Database::open(path, DbAccess::read_only, std::chrono::seconds(2));
  if (!db) return std::unexpected(to_error(std::move(db.error())));
  auto audit = Auditor(std::move(*db), prices).run();
  if (!audit) return std::unexpected(to_error(std::move(audit.error())));
  return std::move(*audit);
}

}  // namespace distiq
