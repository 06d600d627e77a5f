#include "storage/record_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "storage/sqlite_db.h"

namespace distiq {
namespace {

TEST(RecordStore, flushed_record_is_in_the_file) {
  char dir[] = "/tmp/distiq-store-XXXXXX";
  ASSERT_NE(mkdtemp(dir), nullptr);
  StoreConfig config;
  config.path = std::string(dir) + "/state/records.db";
  {
    auto store = RecordStore::open(config, system_clock());
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->health().ok) << (*store)->health().detail;
    RequestRecord record;
    record.id = "a1";
    record.started_at_ms = system_clock().wall().time_since_epoch().count();
    (*store)->record(record);
    EXPECT_TRUE((*store)->flush(std::chrono::seconds(5)));
    EXPECT_EQ((*store)->health().written, 1u);
  }
  auto db = Database::open(config.path, DbAccess::read_only, std::chrono::seconds(1));
  ASSERT_TRUE(db);
  EXPECT_EQ(db->query_integer("SELECT count(*) FROM requests WHERE id = 'a1'").value_or(-1), 1);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace distiq
