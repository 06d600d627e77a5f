// What the storage tests share: a throw-away folder, a clock that threads may read, records made from a number.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "base/clock.h"
#include "stats/request_record.h"
#include "storage/record_store.h"
#include "storage/sqlite_db.h"
#include "storage/stats_reader.h"

namespace distiq::store_test {

inline constexpr std::int64_t test_now_ms = 1'795'000'000'000;  // 2026-11-18
inline constexpr std::int64_t day_ms = 86'400'000;

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "distiq-store-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Stands still until moved; any thread.
class SharedClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic() const override {
    return MonotonicTime(std::chrono::milliseconds(now_ms_.load() - test_now_ms) + std::chrono::hours(1));
  }
  [[nodiscard]] WallTime wall() const override { return WallTime(std::chrono::milliseconds(now_ms_.load())); }
  void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }

 private:
  std::atomic<std::int64_t> now_ms_{test_now_ms};
};

inline StoreConfig quick_config(const std::string& path) {
  StoreConfig config;
  config.path = path;
  config.batch_delay = std::chrono::milliseconds(5);
  config.busy_timeout = std::chrono::milliseconds(20);
  config.retry_interval = std::chrono::milliseconds(10);
  return config;
}

// Every value follows from the number, so that a stored row can be checked against a fresh one.
inline RequestRecord make_record(std::uint64_t n, std::int64_t started_at_ms = test_now_ms) {
  RequestRecord record;
  record.id = "req-" + std::to_string(n);
  record.started_at_ms = started_at_ms;
  record.session_id = "session-" + std::to_string(n % 7);
  record.lane_id = "00112233445566aa";
  record.request_class = static_cast<RequestClass>(n % 8);
  record.account_hash = "acc0";
  record.method = "POST";
  record.path = "/v1/messages";
  record.requested_model = "claude-opus-4-8";
  record.served_model = n % 2 == 0 ? "claude-opus-4-8" : "claude-haiku-4-5-20251001";
  record.status = 200;
  record.streamed = true;
  record.upstream_request_id = "up-" + std::to_string(n);
  record.message_id = "msg_" + std::to_string(n);
  record.stop_reason = "end_turn";
  record.usage = {.input = n, .cache_read = 10 * n, .cache_write_5m = 3, .cache_write_1h = 4, .output = 5 + n};
  record.usage_seen = true;
  record.usage_complete = true;
  record.cost =
      PicoUsd{static_cast<std::int64_t>(n) * 1'000'000 + 400'000};  // n micro-dollars and a rest to be rounded away
  record.counterfactual = PicoUsd{static_cast<std::int64_t>(2 * n) * 1'000'000};
  record.duration_us = 1000;
  record.first_byte_us = 300;
  record.overhead_us = 50;
  record.request_bytes = 2000;
  record.response_bytes = 700;
  record.reason = "passed through";
  return record;
}

// Polls, because the storage thread works on its own; false after five seconds.
template <class Condition>
[[nodiscard]] bool eventually(Condition holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return holds();
}

inline std::int64_t query(const std::string& path, std::string_view sql) {
  auto db = Database::open(path, DbAccess::read_only, std::chrono::seconds(5));
  EXPECT_TRUE(db) << db.error().detail;
  if (!db) return -1;
  auto value = db->query_integer(sql);
  EXPECT_TRUE(value) << value.error().detail;
  return value.value_or(-1);
}

inline std::string query_text(const std::string& path, std::string_view sql) {
  auto db = Database::open(path, DbAccess::read_only, std::chrono::seconds(5));
  if (!db) return db.error().detail;
  auto statement = db->prepare(sql);
  if (!statement) return statement.error().detail;
  const auto row = statement->step();
  if (!row) return row.error().detail;
  return *row ? std::string(statement->text(0)) : "(no row)";
}

}  // namespace distiq::store_test
