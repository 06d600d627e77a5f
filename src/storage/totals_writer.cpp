#include "storage/totals_writer.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "storage/record_totals.h"
#include "storage/stored_text.h"

namespace distiq {
namespace {

std::string add_to_day_sql() {
  std::string names;
  std::string marks;
  std::string sums;
  const Totals any;
  visit_totals(any, [&](const char* name, std::int64_t) {
    fmt::format_to(std::back_inserter(names), ", {}", name);
    marks += ", ?";
    fmt::format_to(std::back_inserter(sums), "{0}{1} = {1} + excluded.{1}", sums.empty() ? "" : ", ", name);
  });
  return fmt::format(
      "INSERT INTO daily_totals (local_day, model, request_class{}) VALUES (?, ?, ?{}) ON CONFLICT DO UPDATE SET {}",
      names, marks, sums);
}

}  // namespace

DbResult<TotalsWriter> TotalsWriter::prepare(Database& db) {
  TotalsWriter writer;
  auto prepared = db.prepare(add_to_day_sql());
  if (!prepared) return std::unexpected(std::move(prepared.error()));
  writer.add_to_day_ = std::move(*prepared);
  return writer;
}

void TotalsWriter::add(const RequestRecord& record, std::int64_t day, bool duplicate) {
  const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
  const KeyView key{day, group_of(record), model};
  if (last_ == nullptr || last_->first.view() != key) last_ = &sum_for(key);
  last_->second += totals_of(record, duplicate);
}

TotalsWriter::Sums::value_type& TotalsWriter::sum_for(KeyView key) {
  const StoredText model = StoredText::identifier(key.model);
  key.model = model.view();
  const auto found = sums_.find(key);
  if (found != sums_.end()) return *found;
  return *sums_.try_emplace(Key{key.day, key.group, std::string(key.model)}).first;
}

DbResult<void> TotalsWriter::write_gathered() {
  for (const auto& [key, totals] : sums_) {
    add_to_day_.bind(1, key.day).bind(2, key.model).bind(3, key.group);
    int index = 4;
    visit_totals(totals, [&](const char*, std::int64_t value) { add_to_day_.bind(index++, value); });
    if (auto added = add_to_day_.run(); !added) return added;
  }
  forget();
  return {};
}

}  // namespace distiq
