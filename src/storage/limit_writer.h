// Rate-limit headers on their way into the store. Answers repeat them with every request and rarely change them, so
// what the tables hold is remembered: an unchanged value costs a comparison, and each header is written at most once
// per batch. Storage thread only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stats/request_record.h"
#include "storage/sqlite_db.h"

namespace distiq {

class LimitWriter {
 public:
  // Only to be assigned to.
  LimitWriter() = default;
  // The statements belong to `db`, which must outlive the writer.
  [[nodiscard]] static DbResult<LimitWriter> prepare(Database& db);

  // Call these inside a transaction. Only anthropic-ratelimit-*, anthropic-priority-*, anthropic-fast-* and retry-after
  // are kept, at most 64 per answer.
  [[nodiscard]] DbResult<void> add(const RateLimitRecord& record);
  // Writes what add() has gathered.
  [[nodiscard]] DbResult<void> write_gathered();

  // The tables may hold something else than we believe: a transaction was rolled back, rows were deleted, another
  // process wrote.
  void forget();

 private:
  struct Header {
    std::string name;   // as it came
    std::string value;  // the newest, as it came; to be in the table after write_gathered()
    std::int64_t observed_at_ms = 0;
    bool in_series = false;
    bool changed = false;  // differs from the table
  };
  struct Account {
    std::string hash;  // as it came
    std::vector<Header> headers;
  };
  struct SeriesKey {
    std::int64_t minute;
    std::string account;
    std::string name;
    auto operator<=>(const SeriesKey&) const = default;
  };

  Account& account_of(const std::string& hash);
  // `hint`: where the header was found in the answer before; answers keep their order.
  [[nodiscard]] DbResult<Header*> find(Account& account, std::string_view name, std::size_t& hint);
  [[nodiscard]] DbResult<Header> read(const Account& account, std::string_view name);
  [[nodiscard]] DbResult<void> write_latest(const Account& account, const Header& header);
  [[nodiscard]] DbResult<void> keep_bounded();

  Statement latest_;
  Statement set_latest_;
  Statement set_series_;
  std::vector<Account> accounts_;
  std::size_t headers_known_ = 0;
  std::map<SeriesKey, std::string> series_;  // of this batch
};

}  // namespace distiq
