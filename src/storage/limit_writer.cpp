#include "storage/limit_writer.h"

#include <algorithm>
#include <array>

#include "storage/stored_text.h"

namespace distiq {
namespace {

constexpr std::size_t max_limit_headers = 64;  // today's answers carry about 15
// Names come from upstream and accounts from callers: neither may fill the memory.
constexpr std::size_t max_known_headers = 4'096;
constexpr std::size_t max_known_accounts = 64;
constexpr std::size_t max_series_values = 4'096;
constexpr std::size_t max_text = 64;

bool is_limit_header(std::string_view name) {
  return name.starts_with("anthropic-ratelimit-") || name.starts_with("anthropic-priority-") ||
         name.starts_with("anthropic-fast-") || name == "retry-after";
}

// What a forecast needs: how much is used or left, and the verdict. Limits and reset times stay in rate_limit_latest.
bool belongs_in_series(std::string_view name) {
  return name.ends_with("-utilization") || name.ends_with("-remaining") || name.ends_with("-status");
}

}  // namespace

DbResult<LimitWriter> LimitWriter::prepare(Database& db) {
  LimitWriter writer;
  const std::array<std::pair<Statement*, std::string_view>, 3> statements = {{
      {&writer.latest_, "SELECT value, observed_at_ms FROM rate_limit_latest WHERE account_hash = ? AND name = ?"},
      {&writer.set_latest_,
       "INSERT INTO rate_limit_latest (account_hash, name, observed_at_ms, value) VALUES (?, ?, ?, ?) "
       "ON CONFLICT DO UPDATE SET observed_at_ms = excluded.observed_at_ms, value = excluded.value "
       "WHERE excluded.observed_at_ms >= observed_at_ms"},
      {&writer.set_series_,
       "INSERT INTO rate_limit_series (observed_minute, account_hash, name, value) VALUES (?, ?, ?, ?) "
       "ON CONFLICT DO UPDATE SET value = excluded.value"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = db.prepare(sql);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    *statement = std::move(*prepared);
  }
  return writer;
}

DbResult<void> LimitWriter::add(const RateLimitRecord& record) {
  if (auto bounded = keep_bounded(); !bounded) return bounded;
  Account& account = account_of(record.account_hash);
  std::size_t kept = 0;
  std::size_t hint = 0;
  for (std::size_t i = 0; i < record.headers.size(); ++i) {
    const auto [name, value] = record.headers[i];
    if (!is_limit_header(name) || kept == max_limit_headers) continue;
    ++kept;
    auto found = find(account, name, hint);
    if (!found) return std::unexpected(std::move(found.error()));
    Header& header = **found;
    const bool same_value = header.value == value;
    if (record.observed_at_ms >= header.observed_at_ms) {
      header.changed = header.changed || !same_value || record.observed_at_ms > header.observed_at_ms;
      header.observed_at_ms = record.observed_at_ms;
      if (!same_value) header.value = value;
    }
    if (!same_value && header.in_series) {
      series_[{record.observed_minute(), record.account_hash, std::string(name)}] = value;
    }
  }
  return {};
}

DbResult<void> LimitWriter::write_gathered() {
  for (Account& account : accounts_) {
    for (Header& header : account.headers) {
      if (!header.changed) continue;
      if (auto written = write_latest(account, header); !written) return written;
      header.changed = false;
    }
  }
  for (const auto& [key, value] : series_) {
    set_series_.bind(1, key.minute).bind(2, StoredText::identifier(key.account, max_text).view());
    set_series_.bind(3, StoredText::identifier(key.name, max_text).view());
    set_series_.bind(4, StoredText::identifier(value, max_text).view());
    if (auto set = set_series_.run(); !set) return set;
  }
  series_.clear();
  return {};
}

void LimitWriter::forget() {
  accounts_.clear();
  headers_known_ = 0;
  series_.clear();
}

DbResult<void> LimitWriter::keep_bounded() {
  const bool full =
      headers_known_ > max_known_headers || accounts_.size() > max_known_accounts || series_.size() > max_series_values;
  if (!full) return {};
  if (auto written = write_gathered(); !written) return written;
  forget();
  return {};
}

LimitWriter::Account& LimitWriter::account_of(const std::string& hash) {
  const auto found = std::ranges::find(accounts_, hash, &Account::hash);
  if (found != accounts_.end()) return *found;
  return accounts_.emplace_back(hash);
}

DbResult<LimitWriter::Header*> LimitWriter::find(Account& account, std::string_view name, std::size_t& hint) {
  auto& headers = account.headers;
  if (hint >= headers.size() || headers[hint].name != name) {
    const auto found = std::ranges::find(headers, name, &Header::name);
    hint = static_cast<std::size_t>(found - headers.begin());
  }
  if (hint == headers.size()) {
    auto fresh = read(account, name);
    if (!fresh) return std::unexpected(std::move(fresh.error()));
    headers.push_back(std::move(*fresh));
    ++headers_known_;
  }
  return &headers[hint++];
}

DbResult<LimitWriter::Header> LimitWriter::read(const Account& account, std::string_view name) {
  Header header{.name = std::string(name), .value = {}, .observed_at_ms = INT64_MIN};
  const StoredText stored_name = StoredText::identifier(header.name, max_text);
  header.in_series = belongs_in_series(stored_name.view());
  latest_.bind(1, StoredText::identifier(account.hash, max_text).view()).bind(2, stored_name.view());
  const auto known = latest_.step();
  if (known && *known) {
    header.value = latest_.text(0);
    header.observed_at_ms = latest_.integer(1);
  }
  latest_.reset();
  if (!known) return std::unexpected(known.error());
  return header;
}

DbResult<void> LimitWriter::write_latest(const Account& account, const Header& header) {
  set_latest_.bind(1, StoredText::identifier(account.hash, max_text).view());
  set_latest_.bind(2, StoredText::identifier(header.name, max_text).view());
  set_latest_.bind(3, header.observed_at_ms).bind(4, StoredText::identifier(header.value, max_text).view());
  return set_latest_.run();
}

}  // namespace distiq
