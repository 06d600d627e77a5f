#include <gtest/gtest.h>

#include "storage/record_store.h"
#include "storage/store_for_test.h"

namespace distiq {
namespace {

using namespace std::chrono_literals;
using store_test::day_ms;
using store_test::eventually;
using store_test::make_record;
using store_test::query;
using store_test::query_text;
using store_test::quick_config;
using store_test::SharedClock;
using store_test::TempFolder;

class StoreRetentionTest : public ::testing::Test {
 protected:
  void write(std::uint64_t first, std::uint64_t count, std::int64_t started_at_ms, int retention_days) {
    StoreConfig config = quick_config(path_);
    config.retention_days = retention_days;
    config.retention_step_rows = 10;
    auto store = RecordStore::open(config, clock_);
    ASSERT_TRUE(store);
    for (std::uint64_t n = first; n < first + count; ++n) (*store)->record(make_record(n, started_at_ms));
    ASSERT_TRUE((*store)->flush(5s));
  }
  // Lives until nothing is left to delete.
  void run_retention(int days, std::int64_t expected_rows) {
    StoreConfig config = quick_config(path_);
    config.retention_days = days;
    config.retention_step_rows = 10;
    auto store = RecordStore::open(config, clock_);
    ASSERT_TRUE(store);
    EXPECT_TRUE(eventually([&] { return query(path_, "SELECT count(*) FROM requests") == expected_rows; }))
        << query(path_, "SELECT count(*) FROM requests");
    std::this_thread::sleep_for(100ms);  // and then it stops
    EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), expected_rows);
  }

  TempFolder folder_;
  std::string path_ = folder_ / "stats.db";
  SharedClock clock_;
};

TEST_F(StoreRetentionTest, old_rows_go_totals_stay_and_an_anchor_says_how_far) {
  write(0, 55, clock_.now_ms() - 40 * day_ms, 0);
  write(100, 5, clock_.now_ms() - 10 * day_ms, 0);
  run_retention(30, 5);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM daily_totals"), 60);
  EXPECT_EQ(query(path_, "SELECT deleted_rows FROM retention_anchor"), 55);
  EXPECT_EQ(query_text(path_, "SELECT last_id FROM retention_anchor"), "req-54");
  EXPECT_EQ(query(path_, "SELECT min(seq) - (SELECT last_seq FROM retention_anchor) FROM requests"), 1);
}

TEST_F(StoreRetentionTest, sessions_are_the_sums_of_the_rows_that_stand) {
  write(0, 55, clock_.now_ms() - 40 * day_ms, 0);  // of seven sessions, in steps of ten rows
  write(100, 5, clock_.now_ms() - 10 * day_ms, 0);
  write(0, 1, clock_.now_ms() - 10 * day_ms, 0);  // known: changes nothing
  EXPECT_EQ(query(path_, "SELECT count(*) FROM session_totals"), 7);
  run_retention(30, 5);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM session_totals"), 5);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM session_totals"), 5);
  EXPECT_EQ(query(path_, "SELECT sum(input_tokens) FROM session_totals"), 510);
  EXPECT_EQ(query(path_, "SELECT requests + input_tokens FROM session_totals WHERE session_id = 'session-2'"), 101);
  run_retention(5, 0);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM session_totals"), 0);
}

TEST_F(StoreRetentionTest, zero_keeps_everything) {
  write(0, 20, 1000, 0);
  run_retention(0, 20);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM retention_anchor"), 0);
}

TEST_F(StoreRetentionTest, a_later_retention_moves_the_anchor_on) {
  write(0, 15, clock_.now_ms() - 40 * day_ms, 0);
  write(100, 15, clock_.now_ms() - 20 * day_ms, 0);
  run_retention(30, 15);
  run_retention(10, 0);
  EXPECT_EQ(query(path_, "SELECT deleted_rows FROM retention_anchor"), 30);
  EXPECT_EQ(query_text(path_, "SELECT last_id FROM retention_anchor"), "req-114");
  // Numbers are never used twice, so the anchor stays before everything that follows.
  write(200, 1, clock_.now_ms(), 0);
  EXPECT_EQ(query(path_, "SELECT seq FROM requests"), 31);
}

TEST_F(StoreRetentionTest, rows_behind_a_younger_one_wait_for_it) {
  write(0, 5, clock_.now_ms() - 40 * day_ms, 0);
  write(100, 1, clock_.now_ms() - 1 * day_ms, 0);
  write(200, 5, clock_.now_ms() - 40 * day_ms, 0);
  run_retention(30, 6);
}

TEST_F(StoreRetentionTest, a_running_proxy_deletes_as_time_passes) {
  StoreConfig config = quick_config(path_);
  config.retention_days = 30;
  auto store = RecordStore::open(config, clock_);
  ASSERT_TRUE(store);
  (*store)->record(make_record(1, clock_.now_ms()));
  ASSERT_TRUE((*store)->flush(5s));
  clock_.advance(std::chrono::hours(31 * 24));
  (*store)->record(make_record(2, clock_.now_ms()));
  ASSERT_TRUE((*store)->flush(5s));
  EXPECT_TRUE(eventually([&] { return query(path_, "SELECT count(*) FROM requests") == 1; }));
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests WHERE id = 'req-2'"), 1);
}

TEST_F(StoreRetentionTest, the_limit_series_is_bounded_too) {
  const std::string name = "anthropic-ratelimit-unified-5h-utilization";
  {
    auto store = RecordStore::open(quick_config(path_), clock_);
    ASSERT_TRUE(store);
    (*store)->record(RateLimitRecord{"old", clock_.now_ms() - 100 * day_ms, {{name, "0.1"}}});
    (*store)->record(RateLimitRecord{"new", clock_.now_ms(), {{name, "0.2"}}});
    ASSERT_TRUE((*store)->flush(5s));
  }
  auto store = RecordStore::open(quick_config(path_), clock_);
  ASSERT_TRUE(store);
  EXPECT_TRUE(eventually([&] { return query(path_, "SELECT count(*) FROM rate_limit_series") == 1; }));
  EXPECT_EQ(query_text(path_, "SELECT group_concat(account_hash) FROM rate_limit_latest"), "new");
}

}  // namespace
}  // namespace distiq
