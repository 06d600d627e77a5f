// The totals of days and of sessions: shares of a batch are added up in memory and written with one statement per day,
// model and class, and one per session. Storage thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "stats/request_record.h"
#include "stats/summary.h"
#include "storage/sqlite_db.h"

namespace distiq {

class TotalsWriter {
 public:
  // Only to be assigned to.
  TotalsWriter() = default;
  // The statements belong to `db`, which must outlive the writer.
  [[nodiscard]] static DbResult<TotalsWriter> prepare(Database& db);

  // The share of a record whose row was just stored; a duplicate counts as a request, not in tokens and money.
  void add(const RequestRecord& record, std::int64_t day, bool duplicate);
  // Inside the transaction that stored the rows.
  [[nodiscard]] DbResult<void> write_gathered();
  // The rows were rolled back.
  void forget() {
    sums_.clear();
    last_ = nullptr;
    sessions_.clear();
    last_session_ = nullptr;
  }

 private:
  struct KeyView {
    std::int64_t day;
    std::string_view group;  // a name that lives for ever: of a RequestClass, or what else is counted
    std::string_view model;
    auto operator<=>(const KeyView&) const = default;
  };
  struct Key {
    std::int64_t day;
    std::string_view group;  // a name that lives for ever: of a RequestClass, or what else is counted
    std::string model;
    [[nodiscard]] KeyView view() const { return {day, group, model}; }
  };
  struct Less {
    using is_transparent = void;
    bool operator()(const Key& a, const Key& b) const { return a.view() < b.view(); }
    bool operator()(const Key& a, const KeyView& b) const { return a.view() < b; }
    bool operator()(const KeyView& a, const Key& b) const { return a < b.view(); }
  };
  using Sums = std::map<Key, Totals, Less>;
  using Sessions = std::map<std::string, Totals, std::less<>>;

  // `key.model` as it came.
  Sums::value_type& sum_for(KeyView key);
  // `id` as it came, not empty.
  Sessions::value_type& session_for(std::string_view id);

  Statement add_to_day_;
  Sums sums_;
  Sums::value_type* last_ = nullptr;  // where the record before was added
  Statement add_to_session_;
  Sessions sessions_;
  Sessions::value_type* last_session_ = nullptr;
};

// Before the rows up to `last_seq` are deleted, in the same transaction: takes what they added from their sessions'
// totals, which are those of the rows that stand.
[[nodiscard]] DbResult<void> take_from_sessions(Database& db, std::int64_t last_seq);

}  // namespace distiq
