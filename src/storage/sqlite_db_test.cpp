#include "storage/sqlite_db.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "storage/store_file.h"
#include "storage/store_for_test.h"
#include "storage/store_schema.h"

namespace distiq {
namespace {

using namespace std::chrono_literals;
using store_test::TempFolder;

constexpr std::array two_steps = {Migration{"CREATE TABLE t (a INTEGER)"},
                                  Migration{"ALTER TABLE t ADD COLUMN b TEXT"}};

Database open_new(const std::string& path) {
  EXPECT_TRUE(prepare_store_file(path));
  auto db = Database::open(path, DbAccess::read_write, 10ms);
  EXPECT_TRUE(db) << db.error().detail;
  return std::move(*db);
}

TEST(Database, migrates_from_nothing_and_again_without_effect) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.migrate(two_steps, 7));
  ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1, 'x')"));
  ASSERT_TRUE(db.migrate(two_steps, 7));
  EXPECT_EQ(db.query_integer("PRAGMA user_version").value(), 2);
  EXPECT_EQ(db.query_integer("SELECT count(*) FROM t").value(), 1);
}

TEST(Database, migrates_from_an_older_version_and_keeps_the_rows) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.migrate(std::span(two_steps).first(1), 7));
  ASSERT_TRUE(db.execute("INSERT INTO t VALUES (41)"));
  ASSERT_TRUE(db.migrate(two_steps, 7));
  EXPECT_EQ(db.query_integer("SELECT a FROM t WHERE b IS NULL").value(), 41);
}

TEST(Database, a_failing_step_leaves_the_older_version_whole) {
  constexpr std::array broken = {Migration{"CREATE TABLE t (a INTEGER)"},
                                 Migration{"CREATE TABLE u (a); ALTER TABLE nope ADD b"}};
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.migrate(std::span(broken).first(1), 7));
  const auto failed = db.migrate(broken, 7);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault, DbFault::rejected);
  EXPECT_EQ(db.query_integer("PRAGMA user_version").value(), 1);
  EXPECT_EQ(db.query_integer("SELECT count(*) FROM sqlite_master WHERE name = 'u'").value(), 0);
}

TEST(Database, a_newer_version_is_left_alone) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.migrate(two_steps, 7));
  const auto refused = db.migrate(std::span(two_steps).first(1), 7);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, DbFault::foreign);
  EXPECT_EQ(db.query_integer("PRAGMA user_version").value(), 2);
}

TEST(Database, another_programs_file_is_left_alone) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.execute("CREATE TABLE theirs (a)"));
  const auto refused = db.migrate(two_steps, 7);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, DbFault::foreign);
  EXPECT_EQ(db.query_integer("SELECT count(*) FROM sqlite_master").value(), 1);
}

TEST(Database, a_transaction_that_is_not_committed_leaves_nothing) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.execute("CREATE TABLE t (a INTEGER)"));
  {
    auto transaction = Transaction::begin(db);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1)"));
  }
  EXPECT_EQ(db.query_integer("SELECT count(*) FROM t").value(), 0);
}

TEST(Database, only_an_empty_file_is_begun_without_waiting_for_the_disk) {
  TempFolder folder;
  const std::string path = folder / "a.db";
  std::ofstream(path).flush();
  constexpr std::int64_t off = 0;
  constexpr std::int64_t normal = 1;
  {
    auto db = Database::open(path, DbAccess::read_write, std::chrono::seconds(1));
    ASSERT_TRUE(db) << db.error().detail;
    EXPECT_EQ(db->query_integer("PRAGMA synchronous"), off);
    EXPECT_EQ(db->query_integer("PRAGMA auto_vacuum"), 2) << "incremental, also in a new file";
    ASSERT_TRUE(db->execute("CREATE TABLE t (a INTEGER) STRICT"));
    ASSERT_TRUE(db->make_durable());
    EXPECT_EQ(db->query_integer("PRAGMA synchronous"), normal);
    EXPECT_GT(std::filesystem::file_size(path), 4096u) << "the log was brought into the file";
  }
  auto again = Database::open(path, DbAccess::read_write, std::chrono::seconds(1));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->query_integer("PRAGMA synchronous"), normal);
}

TEST(Database, a_second_writer_is_told_busy_and_works_afterwards) {
  const TempFolder folder;
  Database first = open_new(folder / "a.db");
  ASSERT_TRUE(first.execute("CREATE TABLE t (a INTEGER)"));
  Database second = open_new(folder / "a.db");
  {
    auto held = Transaction::begin(first);
    ASSERT_TRUE(held);
    const auto refused = Transaction::begin(second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, DbFault::busy);
  }
  EXPECT_TRUE(Transaction::begin(second));
}

TEST(Database, a_full_file_is_told_full_and_rolls_back) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.execute("CREATE TABLE t (a TEXT)"));
  ASSERT_TRUE(db.limit_pages(4));
  {
    auto transaction = Transaction::begin(db);
    ASSERT_TRUE(transaction);
    const auto full = db.execute("INSERT INTO t VALUES (zeroblob(100000))");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().fault, DbFault::full);
  }
  EXPECT_EQ(db.query_integer("SELECT count(*) FROM t").value(), 0);
  EXPECT_TRUE(db.execute("INSERT INTO t VALUES ('small')"));
}

TEST(Database, a_reader_cannot_write) {
  const TempFolder folder;
  Database writer = open_new(folder / "a.db");
  ASSERT_TRUE(writer.execute("CREATE TABLE t (a INTEGER)"));
  auto reader = Database::open(folder / "a.db", DbAccess::read_only, 10ms);
  ASSERT_TRUE(reader);
  const auto refused = reader->execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, DbFault::unwritable);
}

TEST(Database, a_file_that_is_no_database_is_corrupt) {
  const TempFolder folder;
  std::ofstream(folder / "a.db") << std::string(8192, 'x');
  const auto db = Database::open(folder / "a.db", DbAccess::read_write, 10ms);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().fault, DbFault::corrupt);
}

TEST(Database, a_missing_file_is_unwritable_not_created) {
  const TempFolder folder;
  const auto db = Database::open(folder / "none.db", DbAccess::read_write, 10ms);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().fault, DbFault::unwritable);
  EXPECT_FALSE(std::filesystem::exists(folder / "none.db"));
}

TEST(Statement, keeps_empty_text_and_text_with_zero_bytes) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  auto echo = db.prepare("SELECT ?1, ?2, ?3");
  ASSERT_TRUE(echo);
  const std::string with_zero("a\0b", 3);
  echo->bind(1, std::string_view()).bind(2, with_zero).bind_null(3);
  ASSERT_TRUE(echo->step().value());
  EXPECT_FALSE(echo->is_null(0));
  EXPECT_EQ(echo->text(0), "");
  EXPECT_EQ(echo->text(1), with_zero);
  EXPECT_TRUE(echo->is_null(2));
}

TEST(Statement, a_wrong_parameter_number_fails_the_step_and_only_that) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  auto echo = db.prepare("SELECT ?1");
  ASSERT_TRUE(echo);
  const auto failed = echo->bind(2, std::int64_t{1}).step();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault, DbFault::rejected);
  EXPECT_TRUE(echo->bind(1, std::int64_t{5}).step().value());
  EXPECT_EQ(echo->integer(0), 5);
}

TEST(StoreSchema, the_first_version_grows_to_the_newest_with_its_rows) {
  const TempFolder folder;
  Database db = open_new(folder / "a.db");
  ASSERT_TRUE(db.migrate(store_migrations().first(1), store_application_id));
  ASSERT_TRUE(
      db.execute("INSERT INTO daily_totals VALUES (20775, 'claude-opus-4-8', 'main', 3, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, "
                 "5, 0, 60, 70, 0, 9)"));
  ASSERT_TRUE(db.migrate(store_migrations(), store_application_id));
  EXPECT_EQ(db.query_integer("SELECT sum(requests) FROM daily_totals WHERE subscription_requests = 0").value(), 3);
}

}  // namespace
}  // namespace distiq
