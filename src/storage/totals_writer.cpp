#include "storage/totals_writer.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "storage/record_totals.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

struct SumColumns {
  std::string names;  // ", name, name"
  std::string marks;  // ", ?, ?"
  std::string sums;   // "name = name + excluded.name, ..."

  void operator()(const char* name, std::int64_t) {
    fmt::format_to(std::back_inserter(names), ", {}", name);
    marks += ", ?";
    fmt::format_to(std::back_inserter(sums), "{0}{1} = {1} + excluded.{1}", sums.empty() ? "" : ", ", name);
  }
};

std::string add_to_day_sql() {
  const Totals any;
  SumColumns columns;
  visit_totals(any, columns);
  return fmt::format(
      "INSERT INTO daily_totals (local_day, model, request_class{}) VALUES (?, ?, ?{}) ON CONFLICT DO UPDATE SET {}",
      columns.names, columns.marks, columns.sums);
}

std::string add_to_session_sql() {
  const Totals any;
  SumColumns columns;
  visit_session_totals(any, columns);
  return fmt::format("INSERT INTO session_totals (session_id{}) VALUES (?{}) ON CONFLICT DO UPDATE SET {}",
                     columns.names, columns.marks, columns.sums);
}

// The rows' shares with the opposite sign are added, as a writer adds its own.
std::string take_from_sessions_sql() {
  const Totals any;
  SumColumns columns;
  visit_session_totals(any, columns);
  return fmt::format("INSERT INTO session_totals (session_id{}) {} ON CONFLICT DO UPDATE SET {}", columns.names,
                     session_shares_taken_away("seq <= ?"), columns.sums);
}

}  // namespace

DbResult<TotalsWriter> TotalsWriter::prepare(Database& db) {
  TotalsWriter writer;
  auto day = db.prepare(add_to_day_sql());
  if (!day) return std::unexpected(std::move(day.error()));
  writer.add_to_day_ = std::move(*day);
  auto session = db.prepare(add_to_session_sql());
  if (!session) return std::unexpected(std::move(session.error()));
  writer.add_to_session_ = std::move(*session);
  return writer;
}

void TotalsWriter::add(const RequestRecord& record, std::int64_t day, bool duplicate) {
  const Totals share = totals_of(record, duplicate);
  const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
  const KeyView key{day, group_of(record), model};
  if (last_ == nullptr || last_->first.view() != key) last_ = &sum_for(key);
  last_->second += share;
  const std::string& session = record.session_id;
  if (duplicate || session.empty()) return;
  if (last_session_ == nullptr || last_session_->first != session) last_session_ = &session_for(session);
  last_session_->second += share;
}

TotalsWriter::Sums::value_type& TotalsWriter::sum_for(KeyView key) {
  const StoredText model = StoredText::identifier(key.model);
  key.model = model.view();
  const auto found = sums_.find(key);
  if (found != sums_.end()) return *found;
  return *sums_.try_emplace(Key{key.day, key.group, std::string(key.model)}).first;
}

TotalsWriter::Sessions::value_type& TotalsWriter::session_for(std::string_view id) {
  const StoredText stored = StoredText::identifier(id);
  const auto found = sessions_.find(stored.view());
  if (found != sessions_.end()) return *found;
  return *sessions_.try_emplace(std::string(stored.view())).first;
}

DbResult<void> TotalsWriter::write_gathered() {
  for (const auto& [key, totals] : sums_) {
    add_to_day_.bind(1, key.day).bind(2, key.model).bind(3, key.group);
    int index = 4;
    visit_totals(totals, [&](const char*, std::int64_t value) { add_to_day_.bind(index++, value); });
    if (auto added = add_to_day_.run(); !added) return added;
  }
  for (const auto& [id, totals] : sessions_) {
    add_to_session_.bind(1, id);
    int index = 2;
    visit_session_totals(totals, [&](const char*, std::int64_t value) { add_to_session_.bind(index++, value); });
    if (auto added = add_to_session_.run(); !added) return added;
  }
  forget();
  return {};
}

DbResult<void> take_from_sessions(Database& db, std::int64_t last_seq) {
  const std::string statements[] = {take_from_sessions_sql(),
                                    "DELETE FROM session_totals WHERE requests <= 0 AND session_id IN (SELECT "
                                    "session_id FROM requests WHERE seq <= ?)"};
  for (const std::string& sql : statements) {
    auto statement = db.prepare(sql);
    if (!statement) return std::unexpected(std::move(statement.error()));
    if (auto done = statement->bind(1, last_seq).run(); !done) return done;
  }
  return {};
}

}  // namespace distiq
