#include "storage/store_eraser.h"

#include <fstream>
#include <iterator>

#include "storage/store_file.h"
#include "storage/store_for_test.h"

namespace distiq {
namespace {

using namespace store_test;

class StoreEraserTest : public testing::Test {
 protected:
  std::unique_ptr<RecordStore> open() {
    auto opened = RecordStore::open(quick_config(path_), clock_);
    EXPECT_TRUE(opened);
    return opened ? std::move(*opened) : nullptr;
  }
  void fill(RecordStore& store, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t n = first; n < first + count; ++n) store.record(make_record(n));
    store.record(RateLimitRecord{"acc", clock_.now_ms(), {{"anthropic-ratelimit-x-remaining", "77"}}});
    ASSERT_TRUE(store.flush(std::chrono::seconds(10)));
  }
  std::int64_t rows(const std::string& table) { return query(path_, "SELECT count(*) FROM " + table); }
  // Everything in the folder, as bytes.
  std::string bytes_on_disk() {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  void write_file(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  TempFolder folder_;
  std::string path_ = folder_ / "stats.db";
  SharedClock clock_;
};

TEST_F(StoreEraserTest, nothing_of_a_closed_store_can_be_read_afterwards) {
  fill(*open(), 1, 300);
  ASSERT_NE(bytes_on_disk().find("session-3"), std::string::npos) << "else this test proves nothing";
  const auto report = erase_store(path_);
  ASSERT_TRUE(report) << report.error().log_detail;
  EXPECT_EQ(report->records, 300);
  EXPECT_FALSE(report->remains_in_the_log);
  for (const char* trace : {"session-3", "msg_1", "up-2", "claude-opus-4-8", "anthropic-ratelimit"}) {
    EXPECT_EQ(bytes_on_disk().find(trace), std::string::npos) << trace;
  }
  for (const char* table : {"requests", "daily_totals", "session_totals", "rate_limit_latest", "rate_limit_series",
                            "gaps", "retention_anchor", "runs"}) {
    EXPECT_EQ(rows(table), 0) << table;
  }
}

TEST_F(StoreEraserTest, a_running_store_goes_on_in_the_emptied_file) {
  auto store = open();
  fill(*store, 1, 50);
  const auto report = erase_store(path_);
  ASSERT_TRUE(report) << report.error().log_detail;
  EXPECT_EQ(report->records, 50);
  EXPECT_FALSE(report->remains_in_the_log);
  EXPECT_EQ(bytes_on_disk().find("session-3"), std::string::npos);
  fill(*store, 100, 3);
  EXPECT_TRUE(store->health().ok);
  EXPECT_EQ(store->health().dropped, 0u);
  store.reset();
  EXPECT_EQ(rows("requests"), 3);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM daily_totals"), 3);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM session_totals"), 3);
  EXPECT_EQ(rows("rate_limit_latest"), 1) << "the writer must not believe that the table still holds the value";
  EXPECT_EQ(rows("rate_limit_series"), 1);
  open().reset();
  EXPECT_EQ(rows("gaps"), 0) << "the run was not taken for a dead one";
}

TEST_F(StoreEraserTest, damaged_copies_go_too_and_strangers_stay) {
  fill(*open(), 1, 1);
  write_file("stats.db.damaged-5", "old rows");
  write_file("stats.db.damaged-5-wal", "old log");
  write_file("notes.txt", "mine");
  const auto report = erase_store(path_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->damaged_copies, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "stats.db.damaged-5"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "notes.txt"));
}

TEST_F(StoreEraserTest, no_store_is_nothing_to_erase_and_none_is_made) {
  const auto report = erase_store(path_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->records, 0);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StoreEraserTest, a_damaged_store_is_deleted_only_if_nobody_uses_it) {
  write_file("stats.db", "this is no database at all, but somebody's store may have looked like this once");
  {
    WriterLock in_use = WriterLock::acquire(path_);
    in_use.share();
    EXPECT_FALSE(erase_store(path_));
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  const auto report = erase_store(path_);
  ASSERT_TRUE(report) << report.error().log_detail;
  EXPECT_TRUE(report->damaged_store);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StoreEraserTest, another_programs_database_and_a_locked_one_are_left_alone) {
  fill(*open(), 1, 5);
  auto other = Database::open(path_, DbAccess::read_write, std::chrono::seconds(5));
  ASSERT_TRUE(other);
  {
    auto held = Transaction::begin(*other);
    ASSERT_TRUE(held);
    EXPECT_FALSE(erase_store(path_, std::chrono::milliseconds(20)));
  }
  EXPECT_EQ(rows("requests"), 5);
  ASSERT_TRUE(other->execute("PRAGMA application_id = 5"));
  EXPECT_FALSE(erase_store(path_));
  EXPECT_EQ(rows("requests"), 5);
}

}  // namespace
}  // namespace distiq
