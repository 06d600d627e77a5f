// What goes wrong with disks and files. Each test ends by showing that the next record is stored.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "storage/record_store.h"
#include "storage/store_for_test.h"

namespace distiq {
namespace {

using namespace std::chrono_literals;
using store_test::eventually;
using store_test::make_record;
using store_test::query;
using store_test::query_text;
using store_test::quick_config;
using store_test::SharedClock;
using store_test::TempFolder;

class StoreFaultTest : public ::testing::Test {
 protected:
  std::unique_ptr<RecordStore> open() { return open(quick_config(path_)); }
  std::unique_ptr<RecordStore> open(const StoreConfig& config) {
    auto store = RecordStore::open(config, clock_);
    EXPECT_TRUE(store) << store.error().log_detail;
    return std::move(*store);
  }
  // Stores record n and finds it again.
  void expect_works(RecordStore& store, std::uint64_t n) {
    store.record(make_record(n));
    EXPECT_TRUE(store.flush(5s)) << store.health().reason << " " << store.health().detail;
    EXPECT_TRUE(store.health().ok) << store.health().detail;
    auto reader = StatsReader::open(path_);
    ASSERT_TRUE(reader) << reader.error().log_detail;
    const auto found = reader->find_record(make_record(n).id);
    ASSERT_TRUE(found) << found.error().log_detail;
    EXPECT_TRUE(found->has_value());
    EXPECT_EQ(query_text(path_, "PRAGMA integrity_check"), "ok");
  }
  std::size_t files_named_damaged() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename().string();
      count += name.find(".damaged-") != std::string::npos && !name.ends_with("-wal") && !name.ends_with("-shm");
    }
    return count;
  }

  TempFolder folder_;
  std::string path_ = folder_ / "stats.db";
  SharedClock clock_;
};

// ---- kill -9 ----

// In the child: writes for ever, and tells the pipe the number of records that are certainly committed.
[[noreturn]] void write_until_killed(const std::string& path, std::uint64_t first, int committed_pipe) {
  SharedClock clock;
  auto store = RecordStore::open(quick_config(path), clock);
  if (!store || !(*store)->health().ok) _exit(3);
  for (std::uint64_t n = first;; ++n) {
    (*store)->record(make_record(n));
    if (n % 16 != 15) continue;
    if (!(*store)->flush(5s)) _exit(4);
    const std::uint64_t count = n + 1;
    if (::write(committed_pipe, &count, sizeof count) != sizeof count) _exit(5);
  }
}

TEST_F(StoreFaultTest, kill_9_at_any_moment_keeps_what_was_committed) {
  std::minstd_rand random(20261118);
  std::uint64_t committed = 0;
  constexpr int rounds = 25;
  for (int round = 0; round < rounds; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const std::uint64_t first = committed + 10'000 * static_cast<std::uint64_t>(round);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(path_, first, ends[1]);
    ::close(ends[1]);
    std::uint64_t told = first;
    std::uint64_t count = 0;
    // Every second child is killed at work, the others wherever they are: starting, migrating, opening.
    const bool at_work = round % 2 == 0;
    if (at_work && ::read(ends[0], &count, sizeof count) == sizeof count) told = count;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 40'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child gave up: " << WEXITSTATUS(status);
    while (::read(ends[0], &count, sizeof count) == sizeof count) told = count;
    ::close(ends[0]);
    if (!std::filesystem::exists(path_)) continue;  // killed before it began
    const std::string number = "CAST(substr(id, 5) AS INTEGER)";
    const std::string committed_rows = "SELECT count(*) FROM requests WHERE " + number +
                                       " >= " + std::to_string(first) + " AND " + number + " < " + std::to_string(told);
    const auto expected_rows = static_cast<std::int64_t>(told - first);
    // `stats` may come before the next start of the proxy.
    if (told > first) {
      EXPECT_EQ(query(path_, committed_rows), expected_rows);
    }
    auto store = open();
    ASSERT_TRUE(store->health().ok) << store->health().detail;
    EXPECT_EQ(query(path_, committed_rows), expected_rows);
    EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"),
              query(path_, "SELECT coalesce(sum(requests), 0) FROM daily_totals"));
    EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"),
              query(path_, "SELECT coalesce(sum(requests), 0) FROM session_totals"));
    committed += told - first;
    expect_works(*store, 10'000'000 + static_cast<std::uint64_t>(round));
  }
  EXPECT_GT(committed, static_cast<std::uint64_t>(rounds / 2));
  EXPECT_GT(query(path_, "SELECT count(*) FROM gaps WHERE reason = 'unclean_shutdown' AND lost IS NULL"), rounds / 2);
  EXPECT_EQ(files_named_damaged(), 0u);
}

TEST_F(StoreFaultTest, a_clean_end_leaves_no_gap) {
  for (std::uint64_t i = 0; i < 3; ++i) expect_works(*open(), i);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps"), 0);
}

TEST_F(StoreFaultTest, another_living_writer_is_not_taken_for_a_dead_one) {
  auto first = open();
  auto second = open();
  expect_works(*first, 1);
  expect_works(*second, 2);
  first.reset();
  expect_works(*second, 3);
  second.reset();
  expect_works(*open(), 4);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps"), 0);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 4);
}

// ---- full disk ----

// A disk that can be filled and emptied: a small tmpfs, or where mounting is not permitted a limit on the size of
// files.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& folder) : folder_(folder) {
    std::filesystem::create_directory(folder);
    mounted_ = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") == 0;
    ::getrlimit(RLIMIT_FSIZE, &unlimited_);
    former_handler_ = ::signal(SIGXFSZ, SIG_IGN);
  }
  ~SmallDisk() {
    release();
    ::signal(SIGXFSZ, former_handler_);
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  void fill() {
    if (mounted_) {
      std::ofstream filler(folder_ + "/filler", std::ios::binary);
      const std::string block(4096, 'x');
      while (filler.write(block.data(), 4096).flush()) {
      }
    } else {
      const rlimit tight{4096, unlimited_.rlim_max};
      ::setrlimit(RLIMIT_FSIZE, &tight);
    }
  }
  void release() {
    if (mounted_) {
      std::error_code ignored;
      std::filesystem::remove(folder_ + "/filler", ignored);
    } else {
      ::setrlimit(RLIMIT_FSIZE, &unlimited_);
    }
  }

 private:
  std::string folder_;
  bool mounted_ = false;
  rlimit unlimited_{};
  void (*former_handler_)(int) = SIG_DFL;
};

TEST_F(StoreFaultTest, a_full_disk_loses_only_what_the_queue_cannot_hold_and_heals_by_itself) {
  SmallDisk disk(folder_ / "small");
  path_ = folder_ / "small/stats.db";
  StoreConfig config = quick_config(path_);
  config.queue_limit = 100;
  config.batch_rows = 50;
  auto store = open(config);
  expect_works(*store, 0);
  disk.fill();
  for (std::uint64_t n = 1; n <= 1000; ++n) {
    store->record(make_record(n));
    if (n % 50 == 0) std::this_thread::sleep_for(2ms);
  }
  EXPECT_TRUE(eventually([&] { return !store->health().ok; }));
  EXPECT_GT(store->health().dropped, 0u);
  EXPECT_FALSE(store->health().reason.empty());
  disk.release();
  EXPECT_TRUE(eventually([&] { return store->health().ok; })) << store->health().detail;
  ASSERT_TRUE(store->flush(5s));
  expect_works(*store, 2000);
  const StoreHealth health = store->health();
  EXPECT_EQ(health.written + health.dropped, 1002u);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), static_cast<std::int64_t>(health.written));
  EXPECT_EQ(query(path_, "SELECT sum(lost) FROM gaps"), static_cast<std::int64_t>(health.dropped));
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps WHERE reason = 'unclean_shutdown'"), 0);
  EXPECT_EQ(files_named_damaged(), 0u);
}

TEST_F(StoreFaultTest, a_disk_full_from_the_start_gives_a_degraded_store_that_heals) {
  SmallDisk disk(folder_ / "small");
  path_ = folder_ / "small/stats.db";
  disk.fill();
  auto store = open();
  store->record(make_record(1));
  EXPECT_TRUE(eventually([&] { return !store->health().ok; }));
  disk.release();
  EXPECT_TRUE(eventually([&] { return store->health().ok; })) << store->health().detail;
  expect_works(*store, 2);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 2);
}

TEST_F(StoreFaultTest, a_file_at_its_page_limit_heals_when_rows_are_deleted) {
  StoreConfig config = quick_config(path_);
  config.max_pages = 60;
  config.queue_limit = 50;
  auto store = open(config);
  std::uint64_t n = 0;
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < 50; ++i) store->record(make_record(n++));
    return !store->health().ok;
  }));
  EXPECT_NE(store->health().reason.find("no space"), std::string::npos) << store->health().reason;
  {
    auto other = Database::open(path_, DbAccess::read_write, 5s);
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->execute("DELETE FROM requests WHERE seq > 1"));
  }
  EXPECT_TRUE(eventually([&] { return store->health().ok; })) << store->health().detail;
  ASSERT_TRUE(store->flush(5s));
  expect_works(*store, 1'000'000);
}

// ---- locked ----

TEST_F(StoreFaultTest, a_locked_file_delays_records_and_loses_none_that_fit) {
  auto store = open();
  expect_works(*store, 0);
  auto locker = Database::open(path_, DbAccess::read_write, 5s);
  ASSERT_TRUE(locker);
  {
    auto held = Transaction::begin(*locker);
    ASSERT_TRUE(held);
    for (std::uint64_t n = 1; n <= 100; ++n) store->record(make_record(n));
    EXPECT_TRUE(eventually([&] { return !store->health().ok; }));
    EXPECT_NE(store->health().reason.find("locked"), std::string::npos) << store->health().reason;
    EXPECT_FALSE(store->flush(50ms));
  }
  EXPECT_TRUE(eventually([&] { return store->health().ok; }));
  expect_works(*store, 101);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 102);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps"), 0);
}

TEST_F(StoreFaultTest, a_file_locked_during_the_start_is_taken_later) {
  open().reset();
  auto locker = Database::open(path_, DbAccess::read_write, 5s);
  ASSERT_TRUE(locker);
  std::unique_ptr<RecordStore> store;
  {
    auto held = Transaction::begin(*locker);
    ASSERT_TRUE(held);
    store = open();
    EXPECT_FALSE(store->health().ok);
    store->record(make_record(1));
  }
  EXPECT_TRUE(eventually([&] { return store->health().ok; }));
  expect_works(*store, 2);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 2);
}

TEST_F(StoreFaultTest, ending_while_locked_is_quick_and_leaves_a_gap_behind) {
  auto store = open();
  expect_works(*store, 0);
  auto locker = Database::open(path_, DbAccess::read_write, 5s);
  ASSERT_TRUE(locker);
  {
    auto held = Transaction::begin(*locker);
    ASSERT_TRUE(held);
    for (std::uint64_t n = 1; n <= 100; ++n) store->record(make_record(n));
    const auto before = system_clock().monotonic();
    store.reset();
    EXPECT_LT(system_clock().monotonic() - before, 2s);
  }
  expect_works(*open(), 200);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps WHERE reason = 'unclean_shutdown'"), 1);
}

// ---- damaged files ----

void overwrite(const std::string& path, std::streamoff at, std::size_t bytes, char with) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << std::string(bytes, with);
}

TEST_F(StoreFaultTest, a_damaged_header_moves_the_file_aside) {
  expect_works(*open(), 1);
  overwrite(path_, 0, 100, 'x');
  std::filesystem::remove(path_ + "-wal");
  auto store = open();
  EXPECT_TRUE(store->health().ok) << store->health().detail;
  expect_works(*store, 2);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 1);
  EXPECT_EQ(files_named_damaged(), 1u);
  EXPECT_EQ(query_text(path_, "SELECT reason FROM gaps"), "damaged_file");
  EXPECT_EQ(query_text(path_, "SELECT detail FROM gaps"), path_ + ".damaged-" + std::to_string(clock_.now_ms()));
}

TEST_F(StoreFaultTest, a_text_file_in_the_place_of_the_store_is_kept) {
  std::ofstream(path_) << "my notes, a few hundred bytes of them" << std::string(500, '.');
  expect_works(*open(), 1);
  std::ifstream kept(path_ + ".damaged-" + std::to_string(clock_.now_ms()));
  std::string first_word;
  kept >> first_word;
  EXPECT_EQ(first_word, "my");
}

TEST_F(StoreFaultTest, a_second_damage_does_not_overwrite_the_first_file) {
  for (std::uint64_t i = 1; i <= 2; ++i) {
    std::ofstream(path_) << "damage number " << i << std::string(500, '.');
    expect_works(*open(), i);
  }
  EXPECT_EQ(files_named_damaged(), 2u);
}

TEST_F(StoreFaultTest, an_empty_file_is_simply_begun) {
  std::ofstream(path_).flush();
  expect_works(*open(), 1);
  EXPECT_EQ(files_named_damaged(), 0u);
}

TEST_F(StoreFaultTest, another_programs_database_is_left_alone) {
  {
    ASSERT_TRUE(std::ofstream(path_).flush());
    auto theirs = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(theirs);
    ASSERT_TRUE(theirs->execute("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)"));
  }
  auto store = open();
  store->record(make_record(1));
  EXPECT_FALSE(store->flush(50ms));
  EXPECT_FALSE(store->health().ok);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM theirs"), 1);
  EXPECT_EQ(files_named_damaged(), 0u);
  std::filesystem::remove(path_);
  EXPECT_TRUE(eventually([&] { return store->health().ok; }));
  expect_works(*store, 2);
}

// One page after the other is torn in the middle of a store that has some: whatever SQLite finds, requests go on being
// recorded, and the file is either whole or moved aside.
TEST_F(StoreFaultTest, a_torn_page_anywhere_does_not_stop_recording) {
  {
    auto store = open();
    for (std::uint64_t n = 0; n < 200; ++n) store->record(make_record(n));
    ASSERT_TRUE(store->flush(5s));
  }
  const std::string whole = folder_ / "whole.db";
  std::filesystem::copy_file(path_, whole);
  constexpr std::size_t page = 4096;
  const auto pages = std::filesystem::file_size(whole) / page;
  ASSERT_GT(pages, 15u);
  std::size_t moved = 0;
  for (std::size_t torn = 0; torn < pages; ++torn) {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    std::filesystem::copy_file(whole, path_);
    overwrite(path_, static_cast<std::streamoff>(torn * page + page / 4), page / 2, '\x5a');
    const std::size_t before = files_named_damaged();
    clock_.advance(1s);
    auto store = open();
    for (std::uint64_t n = 1000; n < 1100; ++n) store->record(make_record(n));
    ASSERT_TRUE(store->flush(5s)) << "page " << torn + 1 << ": " << store->health().detail;
    EXPECT_TRUE(store->health().ok) << "page " << torn + 1 << ": " << store->health().detail;
    EXPECT_EQ(store->health().dropped, 0u) << "page " << torn + 1;
    auto reader = StatsReader::open(path_);
    ASSERT_TRUE(reader);
    const auto found = reader->find_record("req-1099");
    ASSERT_TRUE(found) << "page " << torn + 1 << ": " << found.error().log_detail;
    EXPECT_TRUE(found->has_value()) << "page " << torn + 1;
    moved += files_named_damaged() - before;
  }
  EXPECT_GT(moved, 0u);
}

TEST_F(StoreFaultTest, a_torn_log_loses_at_most_its_last_commits) {
  auto writer = open();
  for (std::uint64_t n = 0; n < 50; ++n) {
    writer->record(make_record(n));
    ASSERT_TRUE(writer->flush(5s));
  }
  // What a power cut may leave: the log without its end.
  const std::string after_cut = folder_ / "cut.db";
  std::filesystem::copy_file(path_, after_cut);
  std::filesystem::copy_file(path_ + "-wal", after_cut + "-wal");
  writer.reset();
  std::filesystem::resize_file(after_cut + "-wal", std::filesystem::file_size(after_cut + "-wal") - 5000);
  path_ = after_cut;
  auto store = open();
  EXPECT_TRUE(store->health().ok) << store->health().detail;
  const std::int64_t left = query(path_, "SELECT count(*) FROM requests");
  EXPECT_GE(left, 45);
  EXPECT_LT(left, 50);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM daily_totals"), left);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM session_totals"), left);
  expect_works(*store, 100);
}

// ---- folders and files that go away ----

TEST_F(StoreFaultTest, a_folder_that_cannot_be_made_is_tried_again) {
  std::ofstream(folder_ / "state") << "a file where the folder should be";
  path_ = folder_ / "state/stats.db";
  auto store = open();
  EXPECT_FALSE(store->health().ok);
  EXPECT_NE(store->health().detail.find("state"), std::string::npos);
  store->record(make_record(1));
  EXPECT_FALSE(store->flush(30ms));
  std::filesystem::remove(folder_ / "state");
  EXPECT_TRUE(eventually([&] { return store->health().ok; }));
  expect_works(*store, 2);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 2);
}

TEST_F(StoreFaultTest, a_deleted_file_is_begun_anew) {
  auto store = open();
  expect_works(*store, 1);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  expect_works(*store, 2);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 1);
}

TEST_F(StoreFaultTest, a_deleted_folder_is_made_anew) {
  path_ = folder_ / "state/stats.db";
  auto store = open();
  expect_works(*store, 1);
  std::filesystem::remove_all(folder_ / "state");
  expect_works(*store, 2);
}

TEST_F(StoreFaultTest, the_listener_hears_each_change_once) {
  path_ = folder_ / "state/stats.db";
  std::ofstream(folder_ / "state") << "in the way";
  std::atomic<int> bad{0};
  std::atomic<int> good{0};
  auto store =
      RecordStore::open(quick_config(path_), clock_, [&](const StoreHealth& health) { ++(health.ok ? good : bad); });
  ASSERT_TRUE(store);
  std::this_thread::sleep_for(100ms);  // several attempts
  EXPECT_EQ(bad, 1);
  std::filesystem::remove(folder_ / "state");
  EXPECT_TRUE(eventually([&] { return good == 1; }));
  expect_works(**store, 1);
  EXPECT_EQ(bad, 1);
}

}  // namespace
}  // namespace distiq
