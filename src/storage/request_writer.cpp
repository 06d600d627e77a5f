#include "storage/request_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "stats/summary_calendar.h"
#include "storage/record_chain.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

// Of one statement. Twice as many save another hundredth.
constexpr std::size_t group_rows = 16;
// "what, what, what"
std::string repeated(std::string_view what, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list.append(i == 0 ? "" : ", ").append(what);
  return list;
}

// The columns of `requests` behind its number, as they stand in the table.
DbResult<std::vector<std::string>> columns_of_table(Database& db) {
  auto rows = db.prepare("SELECT name FROM pragma_table_info('requests') WHERE name != 'seq' ORDER BY cid");
  if (!rows) return std::unexpected(std::move(rows.error()));
  std::vector<std::string> names;
  auto row = rows->step();
  for (; row && *row; row = rows->step()) names.emplace_back(rows->text(0));
  if (!row) return std::unexpected(std::move(row.error()));
  return names;
}

std::string insert_sql(std::string_view verb, std::span<const std::string> columns, std::size_t rows) {
  const std::string row = fmt::format("(NULL, {})", repeated("?", columns.size()));
  return fmt::format("{} INTO requests (seq, {}) VALUES {}", verb, fmt::join(columns, ", "), repeated(row, rows));
}

DbResult<void> prepare_all(Database& db, std::initializer_list<std::pair<Statement*, std::string>> statements) {
  for (const auto& [statement, sql] : statements) {
    auto prepared = db.prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  return {};
}

}  // namespace

RequestWriter::Parameters::Parameters(std::span<const std::string> columns) : count(static_cast<int>(columns.size())) {
  const auto place = [&](std::string_view name) {
    return static_cast<int>(std::ranges::find(columns, name) - columns.begin());
  };
  id = place("id");
  local_day = place("local_day");
  duplicate = place("duplicate");
  chain = place("chain");
  for (const std::string_view name : request_columns()) values.push_back(place(name));
}

DbResult<RequestWriter> RequestWriter::prepare(Database& db) {
  RequestWriter writer;
  writer.db_ = &db;
  auto columns = columns_of_table(db);
  if (!columns) return std::unexpected(std::move(columns.error()));
  writer.columns_ = std::move(*columns);
  writer.parameters_ = Parameters(writer.columns_);
  auto prepared = prepare_all(
      db, {{&writer.last_chain_,
            "SELECT coalesce((SELECT chain FROM requests ORDER BY seq DESC LIMIT 1), "
            "(SELECT CAST(chain_hash AS TEXT) FROM retention_anchor), '')"},
           {&writer.find_message_,
            "SELECT 1 FROM requests WHERE message_id = ? AND message_id != '' AND duplicate = 0 AND "
            "upstream_request_id = ? AND id IS NOT ?"},
           {&writer.alone_.statement, insert_sql("INSERT", writer.columns_, 1) + " ON CONFLICT (id) DO NOTHING"}});
  if (!prepared) return std::unexpected(std::move(prepared.error()));
  writer.alone_.rows.resize(1);
  writer.unpacked_.resize(group_rows);
  auto totals = TotalsWriter::prepare(db);
  if (!totals) return std::unexpected(std::move(totals.error()));
  writer.totals_ = std::move(*totals);
  return writer;
}

DbResult<void> RequestWriter::prepare_group() {
  if (!together_.rows.empty()) return {};
  // OR FAIL keeps the rows before the one that is refused, where the default would write a journal to undo them.
  auto prepared =
      prepare_all(*db_, {{&find_messages_, fmt::format("WITH new (message) AS (VALUES {}) SELECT 1 FROM new CROSS JOIN "
                                                       "requests ON message_id = message WHERE message_id != '' AND "
                                                       "duplicate = 0 LIMIT 1",
                                                       repeated("(?)", group_rows))},
                         {&together_.statement, insert_sql("INSERT OR FAIL", columns_, group_rows)}});
  if (prepared) together_.rows.resize(group_rows);
  return prepared;
}

DbResult<void> RequestWriter::begin_batch() {
  group_.clear();
  auto last = last_chain_.step();
  if (last && *last) chain_ = last_chain_.text(0);
  last_chain_.reset();
  if (!last) return std::unexpected(std::move(last.error()));
  return {};
}

DbResult<void> RequestWriter::add(const PackedRecord& record) {
  RequestRecord& place = unpacked_[group_.size()];
  record.unpack(place);
  group_.push_back(&place);
  return group_.size() == group_rows ? write_group() : DbResult<void>{};
}

DbResult<void> RequestWriter::write_gathered() {
  if (auto written = write_group(); !written) return written;
  return totals_.write_gathered();
}

DbResult<void> RequestWriter::write_group() {
  std::size_t written = 0;
  if (group_.size() == group_rows) {
    const auto inserted = insert_group();
    if (!inserted) return std::unexpected(inserted.error());
    written = *inserted;
  }
  for (; written < group_.size(); ++written) {
    if (auto inserted = insert_alone(*group_[written]); !inserted) return inserted;
  }
  group_.clear();
  return {};
}

DbResult<std::size_t> RequestWriter::insert_group() {
  if (auto prepared = prepare_group(); !prepared) return std::unexpected(std::move(prepared.error()));
  const auto are_new = answers_are_new();
  if (!are_new) return std::unexpected(are_new.error());
  if (!*are_new) return 0;
  std::string_view before = chain_;
  for (std::size_t i = 0; i < group_rows; ++i) before = set_row(together_, i, *group_[i], false, before);
  const std::int64_t rows_before = db_->all_changed_rows();
  auto done = run(together_);
  // One that is refused (its id stands there already) is tried alone, and those behind it with it.
  if (!done && done.error().fault != DbFault::rejected) return std::unexpected(std::move(done.error()));
  const auto inserted = static_cast<std::size_t>(db_->all_changed_rows() - rows_before);
  for (std::size_t i = 0; i < inserted; ++i) totals_.add(*group_[i], day_of(group_[i]->started_at_ms), false);
  if (inserted > 0) chain_ = together_.rows[inserted - 1].chain;
  return inserted;
}

DbResult<void> RequestWriter::insert_alone(const RequestRecord& record) {
  const auto duplicate = is_duplicate(record);
  if (!duplicate) return std::unexpected(duplicate.error());
  set_row(alone_, 0, record, *duplicate, chain_);
  if (auto inserted = run(alone_); !inserted) return inserted;
  if (db_->changed_rows() == 0) return {};  // it stands there already
  totals_.add(record, day_of(record.started_at_ms), *duplicate);
  chain_ = alone_.rows[0].chain;
  return {};
}

DbResult<bool> RequestWriter::answers_are_new() {
  std::array<std::string_view, group_rows> messages;
  std::ranges::transform(group_, messages.begin(),
                         [](const RequestRecord* record) { return StoredText::identifier(record->message_id).view(); });
  std::ranges::sort(messages);
  const auto twice = std::ranges::adjacent_find(messages, [](auto a, auto b) { return a == b && !a.empty(); });
  if (twice != messages.end()) return false;
  for (std::size_t i = 0; i < messages.size(); ++i) find_messages_.bind_borrowed(static_cast<int>(i) + 1, messages[i]);
  const auto found = find_messages_.step();
  find_messages_.reset();
  if (!found) return std::unexpected(found.error());
  return !*found;
}

DbResult<bool> RequestWriter::is_duplicate(const RequestRecord& record) {
  if (record.message_id.empty() || record.upstream_request_id.empty()) return false;
  find_message_.bind_borrowed(1, StoredText::identifier(record.message_id).view());
  find_message_.bind_borrowed(2, StoredText::identifier(record.upstream_request_id).view());
  find_message_.bind_borrowed(3, StoredText::identifier(record.id).view());
  auto found = find_message_.step();
  find_message_.reset();
  return found;
}

std::string_view RequestWriter::set_row(Insert& insert, std::size_t place, const RequestRecord& record, bool duplicate,
                                        std::string_view before) {
  Row& row = insert.rows[place];
  Statement& statement = insert.statement;
  const int first = 1 + static_cast<int>(place) * parameters_.count;
  const std::string_view id = StoredText::identifier(record.id).view();
  row.values.set(record);
  row.chain = next_chain(before, id, duplicate, row.values.text());
  if (id.empty()) {
    statement.bind_null(first + parameters_.id);
  } else {
    statement.bind_borrowed(first + parameters_.id, id);
  }
  statement.bind(first + parameters_.local_day, day_of(record.started_at_ms));
  statement.bind(first + parameters_.duplicate, std::int64_t{duplicate});
  statement.bind_borrowed(first + parameters_.chain, row.chain);
  row.values.bind(statement, first, parameters_.values);
  return row.chain;
}

DbResult<void> RequestWriter::run(Insert& insert) {
  auto done = insert.statement.run();
  if (!done) {
    for (Row& row : insert.rows) row.values.forget_bound();
  }
  return done;
}

std::int64_t RequestWriter::day_of(std::int64_t started_at_ms) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(std::chrono::milliseconds(started_at_ms));
  if (std::exchange(minute_, minute) != minute) day_of_minute_ = local_day(started_at_ms);
  return day_of_minute_;
}

}  // namespace distiq
