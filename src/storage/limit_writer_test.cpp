#include "storage/limit_writer.h"

#include "storage/store_for_test.h"

namespace distiq {
namespace {

using namespace store_test;

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t first_minute = test_now_ms / minute_ms;
constexpr const char* use_name = "anthropic-ratelimit-unified-5h-utilization";

class LimitWriterTest : public testing::Test {
 protected:
  void open() {
    store_.reset();
    auto opened = RecordStore::open(quick_config(path_), clock_);
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }
  void SetUp() override { open(); }
  void put(std::int64_t minute, const std::string& value, const std::string& account = "acc") {
    store_->record(RateLimitRecord{account, at(minute), {{use_name, value}}});
  }
  static std::int64_t at(std::int64_t minute) { return (first_minute + minute) * minute_ms; }
  void flush() { ASSERT_TRUE(store_->flush(std::chrono::seconds(10))); }
  std::int64_t series_rows() { return query(path_, "SELECT count(*) FROM rate_limit_series"); }
  std::string latest(const std::string& account = "acc") {
    return query_text(
        path_,
        "SELECT value || ' ' || (observed_at_ms / 60000 - 29916666) FROM rate_limit_latest WHERE account_hash = '" +
            account + "'");
  }

  TempFolder folder_;
  std::string path_ = folder_ / "stats.db";
  SharedClock clock_;
  std::unique_ptr<RecordStore> store_;
};

TEST_F(LimitWriterTest, within_a_batch_the_last_value_and_the_last_change_of_each_minute_stay) {
  for (int i = 0; i < 200; ++i) put(1, i % 2 == 0 ? "0.1" : "0.2");
  put(2, "0.3");
  put(3, "0.3");
  flush();
  EXPECT_EQ(latest(), "0.3 3");
  EXPECT_EQ(
      query_text(path_, "SELECT group_concat((observed_minute - 29916666) || '=' || value) FROM rate_limit_series"),
      "1=0.2,2=0.3");
}

TEST_F(LimitWriterTest, an_unchanged_value_only_moves_its_time_over_batches_and_restarts) {
  put(1, "0.1");
  flush();
  put(2, "0.1");
  flush();
  EXPECT_EQ(latest(), "0.1 2");
  open();
  put(3, "0.1");
  flush();
  EXPECT_EQ(latest(), "0.1 3");
  EXPECT_EQ(series_rows(), 1);
}

TEST_F(LimitWriterTest, what_another_process_wrote_is_noticed) {
  put(1, "0.1");
  flush();
  {
    auto other = Database::open(path_, DbAccess::read_write, std::chrono::seconds(5));
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->execute("UPDATE rate_limit_latest SET value = '0.5', observed_at_ms = observed_at_ms + 1"));
  }
  put(2, "0.1");  // as we remember it, but not as it stands in the table
  flush();
  EXPECT_EQ(latest(), "0.1 2");
  EXPECT_EQ(series_rows(), 2);
}

TEST_F(LimitWriterTest, accounts_are_kept_apart) {
  put(1, "0.1", "one");
  put(2, "0.2", "two");
  put(3, "0.3", "one");
  flush();
  EXPECT_EQ(latest("one"), "0.3 3");
  EXPECT_EQ(latest("two"), "0.2 2");
}

TEST_F(LimitWriterTest, floods_of_names_and_accounts_are_written_and_stay_bounded) {
  for (int i = 0; i < 300; ++i) {
    RateLimitRecord record{"acc" + std::to_string(i), at(1), {}};
    for (int n = 0; n < 64; ++n) record.headers.add("anthropic-ratelimit-x" + std::to_string(n), "1");
    store_->record(std::move(record));
  }
  flush();
  EXPECT_EQ(query(path_, "SELECT count(*) FROM rate_limit_latest"), 300 * 64);
}

TEST_F(LimitWriterTest, a_batch_that_could_not_be_written_leaves_no_memory_of_itself) {
  put(1, "0.1");
  flush();
  {
    auto other = Database::open(path_, DbAccess::read_write, std::chrono::seconds(5));
    ASSERT_TRUE(other);
    auto held = Transaction::begin(*other);
    ASSERT_TRUE(held);
    put(2, "0.2");
    EXPECT_FALSE(store_->flush(std::chrono::milliseconds(100)));
  }
  flush();
  EXPECT_EQ(latest(), "0.2 2");
  EXPECT_EQ(series_rows(), 2);
}

}  // namespace
}  // namespace distiq
