#include "storage/record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <thread>
#include <vector>

#include "storage/record_columns.h"
#include "storage/store_auditor.h"
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

class RecordStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<RecordStore> open() { return open(quick_config(path_)); }
  std::unique_ptr<RecordStore> open(const StoreConfig& config) {
    auto store = RecordStore::open(config, clock_);
    EXPECT_TRUE(store) << store.error().log_detail;
    return std::move(*store);
  }

  TempFolder folder_;
  std::string path_ = folder_ / "state/stats.db";
  SharedClock clock_;
};

// Fields that make_record leaves at their defaults get values here, so that none is forgotten on the way.
RequestRecord full_record() {
  RequestRecord record = make_record(12);
  record.agent_id = "agent-7";
  record.account_kind = AccountKind::subscription;
  record.outcome = Outcome::upstream_cut;
  record.status = 529;
  record.error_type = "overloaded_error";
  record.usage.web_searches = 1;
  record.usage.web_fetches = 2;
  record.usage.code_executions = 3;
  record.usage_complete = false;
  record.price_estimated = true;
  record.cost = PicoUsd{7'000'000};
  record.counterfactual = PicoUsd{11'000'000};
  record.restored = PicoUsd{2'000'000};
  record.reason = "по кругу";
  return record;
}

std::string row_text(const RequestRecord& record) {
  StoredRow row;
  row.set(record);
  return std::string(row.text());
}

TEST_F(RecordStoreTest, every_field_comes_back) {
  const RequestRecord written = full_record();
  {
    auto store = open();
    store->record(written);
    ASSERT_TRUE(store->flush(5s));
  }
  auto reader = StatsReader::open(path_);
  ASSERT_TRUE(reader);
  const auto found = reader->find_record(written.id);
  ASSERT_TRUE(found && *found);
  const RequestRecord& read = **found;
  EXPECT_EQ(read.id, written.id);
  EXPECT_EQ(read.started_at_ms, written.started_at_ms);
  EXPECT_EQ(read.session_id, written.session_id);
  EXPECT_EQ(read.agent_id, written.agent_id);
  EXPECT_EQ(read.lane_id, written.lane_id);
  EXPECT_EQ(read.request_class, written.request_class);
  EXPECT_EQ(read.account_hash, written.account_hash);
  EXPECT_EQ(read.account_kind, written.account_kind);
  EXPECT_EQ(read.method, written.method);
  EXPECT_EQ(read.path, written.path);
  EXPECT_EQ(read.requested_model, written.requested_model);
  EXPECT_EQ(read.served_model, written.served_model);
  EXPECT_EQ(read.status, written.status);
  EXPECT_EQ(read.outcome, written.outcome);
  EXPECT_EQ(read.streamed, written.streamed);
  EXPECT_EQ(read.error_type, written.error_type);
  EXPECT_EQ(read.upstream_request_id, written.upstream_request_id);
  EXPECT_EQ(read.message_id, written.message_id);
  EXPECT_EQ(read.stop_reason, written.stop_reason);
  EXPECT_EQ(read.usage, written.usage);
  EXPECT_EQ(read.usage_seen, written.usage_seen);
  EXPECT_EQ(read.usage_complete, written.usage_complete);
  EXPECT_EQ(read.price_estimated, written.price_estimated);
  EXPECT_EQ(read.cost, written.cost);
  EXPECT_EQ(read.counterfactual, written.counterfactual);
  EXPECT_EQ(read.restored, written.restored);
  EXPECT_EQ(read.duration_us, written.duration_us);
  EXPECT_EQ(read.first_byte_us, written.first_byte_us);
  EXPECT_EQ(read.overhead_us, written.overhead_us);
  EXPECT_EQ(read.request_bytes, written.request_bytes);
  EXPECT_EQ(read.response_bytes, written.response_bytes);
  EXPECT_EQ(read.reason, written.reason);
}

// The writer compares each record with those before it and takes over what is the same.
TEST_F(RecordStoreTest, records_that_differ_in_everything_come_back_from_one_batch) {
  std::vector<RequestRecord> written;
  for (std::uint64_t n = 0; n < 100; ++n) {
    RequestRecord record = n % 3 == 0 ? full_record() : make_record(n);
    record.id = "id-" + std::to_string(n);
    record.message_id = "msg-" + std::to_string(n % 7 == 0 ? n : n * n);
    record.started_at_ms += static_cast<std::int64_t>(n) * 30'000'000;
    record.route.human_turn = n % 4 == 0;
    record.route.cause = n % 5 == 0 ? "cold" : "";
    written.push_back(std::move(record));
  }
  StoreConfig config = quick_config(path_);
  config.batch_delay = 10s;
  {
    auto store = open(config);
    for (const RequestRecord& record : written) store->record(record);
    ASSERT_TRUE(store->flush(5s));
  }
  auto reader = StatsReader::open(path_);
  ASSERT_TRUE(reader);
  for (const RequestRecord& record : written) {
    const auto found = reader->find_record(record.id);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(row_text(**found), row_text(record));
  }
  const auto audit = audit_store(path_, PriceTable::builtin());
  ASSERT_TRUE(audit);
  EXPECT_EQ(audit->rows, 100u);
  EXPECT_TRUE(audit->chain.ok());
  EXPECT_TRUE(audit->totals.ok());
}

TEST_F(RecordStoreTest, the_end_of_the_store_writes_what_is_waiting) {
  StoreConfig config = quick_config(path_);
  config.batch_delay = 10s;
  {
    auto store = open(config);
    for (std::uint64_t i = 0; i < 2000; ++i) store->record(make_record(i));
  }
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 2000);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps"), 0);
}

TEST_F(RecordStoreTest, flush_does_not_wait_for_the_batch_delay) {
  StoreConfig config = quick_config(path_);
  config.batch_delay = 60s;
  auto store = open(config);
  store->record(make_record(1));
  EXPECT_TRUE(store->flush(5s));
  EXPECT_TRUE(store->flush(0s));  // nothing is waiting
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 1);
}

TEST_F(RecordStoreTest, files_are_the_users_alone) {
  auto store = open();
  store->record(make_record(1));
  ASSERT_TRUE(store->flush(5s));
  const auto mode = [](const std::string& path) {
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777;
  };
  EXPECT_EQ(mode(folder_ / "state"), 0700u);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode(path_ + suffix), 0600u) << suffix;
}

TEST_F(RecordStoreTest, an_existing_files_rights_for_others_are_taken_away) {
  open().reset();
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  open().reset();
  struct stat found{};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(RecordStoreTest, the_same_id_twice_is_one_record) {
  auto store = open();
  store->record(make_record(3));
  store->record(make_record(3));
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 1);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM daily_totals"), 1);
}

TEST_F(RecordStoreTest, the_same_answer_under_two_ids_is_counted_once) {
  RequestRecord again = make_record(3);
  again.id = "another";
  auto store = open();
  store->record(make_record(3));
  store->record(again);
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), 2);
  EXPECT_EQ(query(path_, "SELECT duplicate FROM requests WHERE id = 'another'"), 1);
  EXPECT_EQ(query(path_, "SELECT sum(requests) FROM daily_totals"), 2);
  EXPECT_EQ(query(path_, "SELECT sum(duplicates) FROM daily_totals"), 1);
  EXPECT_EQ(query(path_, "SELECT sum(cost_usd_micros) FROM daily_totals"), 3);
  EXPECT_EQ(query(path_, "SELECT sum(input_tokens) FROM daily_totals"), 3);
}

// Rows are written several in a statement: wherever in it one is known already, it is found, and all others stand.
class KnownRecord : public RecordStoreTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  // Records 0..39 in one batch, the one at the place of the parameter changed.
  template <class Change>
  void write(Change change) {
    StoreConfig config = quick_config(path_);
    config.batch_delay = 10s;
    auto store = open(config);
    store->record(make_record(1000));
    ASSERT_TRUE(store->flush(5s));
    for (std::uint64_t n = 0; n < 40; ++n) {
      RequestRecord record = make_record(n);
      if (n == GetParam()) change(record);
      store->record(record);
    }
    ASSERT_TRUE(store->flush(5s));
    EXPECT_EQ(store->health().dropped, 0u);
  }
  void expect_sound(std::size_t rows, std::int64_t duplicates) {
    const auto audit = audit_store(path_, PriceTable::builtin());
    ASSERT_TRUE(audit);
    EXPECT_EQ(audit->rows, rows);
    EXPECT_TRUE(audit->chain.ok());
    EXPECT_TRUE(audit->totals.ok());
    EXPECT_EQ(query(path_, "SELECT sum(duplicate) FROM requests"), duplicates);
    EXPECT_EQ(query(path_, "SELECT sum(requests) FROM daily_totals"), static_cast<std::int64_t>(rows));
  }
};

TEST_P(KnownRecord, of_the_same_id_is_not_written_again) {
  write([](RequestRecord& record) { record.id = make_record(1000).id; });
  expect_sound(40, 0);
}

TEST_P(KnownRecord, of_the_same_id_in_its_batch_is_not_written_again) {
  write([](RequestRecord& record) { record.id = make_record(GetParam() == 0 ? 1 : GetParam() - 1).id; });
  expect_sound(40, 0);
}

TEST_P(KnownRecord, of_the_same_answer_is_a_duplicate) {
  write([](RequestRecord& record) {
    record.message_id = make_record(1000).message_id;
    record.upstream_request_id = make_record(1000).upstream_request_id;
  });
  expect_sound(41, 1);
}

TEST_P(KnownRecord, of_the_same_answer_in_its_batch_is_a_duplicate) {
  write([](RequestRecord& record) {
    const RequestRecord other = make_record(GetParam() == 0 ? 1 : GetParam() - 1);
    record.message_id = other.message_id;
    record.upstream_request_id = other.upstream_request_id;
  });
  expect_sound(41, 1);
}

TEST_P(KnownRecord, of_the_same_message_in_another_answer_is_none) {
  write([](RequestRecord& record) { record.message_id = make_record(1000).message_id; });
  expect_sound(41, 0);
}

INSTANTIATE_TEST_SUITE_P(everywhere, KnownRecord, ::testing::Values(0, 1, 8, 15, 16, 31, 32, 39));

TEST_F(RecordStoreTest, answers_without_both_ids_are_never_duplicates) {
  auto store = open();
  for (std::uint64_t i = 0; i < 3; ++i) {
    RequestRecord record = make_record(i);
    record.message_id = i == 0 ? "" : "msg_x";
    record.upstream_request_id = "";
    store->record(record);
  }
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(query(path_, "SELECT sum(duplicates) FROM daily_totals"), 0);
}

TEST_F(RecordStoreTest, hostile_numbers_do_not_spoil_the_sums) {
  auto store = open();
  for (std::uint64_t i = 0; i < 100; ++i) {
    RequestRecord record = make_record(i);
    record.usage.input = std::numeric_limits<std::uint64_t>::max();
    record.cost = PicoUsd{std::numeric_limits<std::int64_t>::max()};
    record.counterfactual = PicoUsd{std::numeric_limits<std::int64_t>::min()};
    record.request_bytes = std::numeric_limits<std::uint64_t>::max();
    store->record(record);
  }
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(query(path_, "SELECT sum(input_tokens) FROM daily_totals"), 100 * (std::int64_t{1} << 40));
  EXPECT_EQ(query(path_, "SELECT sum(cost_usd_micros) FROM daily_totals"), 100'000'000'000'000);
  EXPECT_EQ(query(path_, "SELECT sum(counterfactual_usd_micros) FROM daily_totals"), -100'000'000'000'000);
  EXPECT_TRUE(StatsReader::open(path_)->summary(Period::all, clock_.now_ms()));
}

TEST_F(RecordStoreTest, no_prompt_and_no_credential_reaches_the_disk) {
  const std::string key = "sk-ant-api03-VERYSECRET";
  const std::string prompt = "please write SOMETHINGPRIVATE";
  RequestRecord record = make_record(1);
  RateLimitRecord limits{key,
                         clock_.now_ms(),
                         {{"authorization", "Bearer VERYSECRET"},
                          {"x-api-key", key},
                          {"set-cookie", "VERYSECRET"},
                          {"anthropic-ratelimit-unified-status", key},
                          {"anthropic-ratelimit-" + prompt, "SOMETHINGPRIVATE please"},
                          {"anthropic-ratelimit-tokens-limit", prompt}}};
  for (std::string* field :
       {&record.session_id, &record.agent_id, &record.lane_id, &record.account_hash, &record.method, &record.path,
        &record.requested_model, &record.served_model, &record.error_type, &record.upstream_request_id,
        &record.message_id, &record.stop_reason}) {
    *field = prompt;
  }
  RequestRecord with_key = record;
  with_key.id = key;
  with_key.reason = "sent with " + key;
  for (std::string* field :
       {&with_key.session_id, &with_key.agent_id, &with_key.account_hash, &with_key.path, &with_key.requested_model,
        &with_key.served_model, &with_key.error_type, &with_key.message_id}) {
    *field = key;
  }
  {
    auto store = open();
    store->record(record);
    store->record(with_key);
    store->record(RateLimitRecord(limits));
    ASSERT_TRUE(store->flush(5s));
    ASSERT_EQ(store->health().written, 2u);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      EXPECT_THAT(bytes, ::testing::Not(::testing::HasSubstr("VERYSECRET"))) << entry.path();
      EXPECT_THAT(bytes, ::testing::Not(::testing::HasSubstr("SOMETHINGPRIVATE"))) << entry.path();
    }
  }
}

TEST_F(RecordStoreTest, a_full_queue_drops_counts_and_remembers) {
  StoreConfig config = quick_config(path_);
  config.queue_limit = 10;
  config.batch_rows = 100;
  config.batch_delay = 60s;  // nothing leaves the queue before the flush
  auto store = open(config);
  for (std::uint64_t i = 0; i < 25; ++i) store->record(make_record(i));
  EXPECT_EQ(store->health().dropped, 15u);
  EXPECT_EQ(store->health().waiting, 10u);
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(store->health().written, 10u);
  EXPECT_TRUE(store->health().ok);
  EXPECT_EQ(query(path_, "SELECT lost FROM gaps"), 15);
  EXPECT_EQ(query_text(path_, "SELECT reason FROM gaps"), "queue_full");
}

TEST_F(RecordStoreTest, losses_of_one_minute_are_one_gap) {
  StoreConfig config = quick_config(path_);
  config.queue_limit = 1;
  config.batch_delay = 60s;
  auto store = open(config);
  for (std::uint64_t round = 0; round < 5; ++round) {
    store->record(make_record(2 * round));
    store->record(make_record(2 * round + 1));
    ASSERT_TRUE(store->flush(5s));
    clock_.advance(round < 3 ? 10s : 10min);
  }
  // Rounds 0 to 3 are ten seconds apart, round 4 came ten minutes later.
  EXPECT_EQ(query(path_, "SELECT count(*) FROM gaps"), 2);
  EXPECT_EQ(query(path_, "SELECT max(lost) FROM gaps"), 4);
  EXPECT_EQ(query(path_, "SELECT sum(lost) FROM gaps"), 5);
}

TEST_F(RecordStoreTest, many_threads_lose_nothing) {
  constexpr std::uint64_t threads = 4;
  constexpr std::uint64_t each = 1000;
  auto store = open();
  {
    std::vector<std::jthread> writers;
    for (std::uint64_t t = 0; t < threads; ++t) {
      writers.emplace_back([&store, t] {
        for (std::uint64_t i = 0; i < each; ++i) store->record(make_record(t * each + i));
      });
    }
  }
  ASSERT_TRUE(store->flush(20s));
  EXPECT_EQ(store->health().written, threads * each);
  EXPECT_EQ(query(path_, "SELECT count(*) FROM requests"), static_cast<std::int64_t>(threads * each));
}

TEST_F(RecordStoreTest, reading_beside_writing_always_sees_a_whole_moment) {
  auto store = open();
  std::jthread writer([&store] {
    for (std::uint64_t i = 0; i < 3000; ++i) store->record(make_record(i));
  });
  auto reader = StatsReader::open(path_);
  ASSERT_TRUE(reader);
  std::int64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const auto summary = reader->summary(Period::all, clock_.now_ms());
    ASSERT_TRUE(summary) << summary.error().log_detail;
    Totals by_model;
    for (const NamedTotals& model : summary->by_model) by_model += model.totals;
    EXPECT_EQ(by_model, summary->total);
    EXPECT_GE(summary->total.requests, last);
    last = summary->total.requests;
  }
  writer.join();
  ASSERT_TRUE(store->flush(20s));
  EXPECT_EQ(reader->summary(Period::all, clock_.now_ms())->total.requests, 3000);
}

TEST_F(RecordStoreTest, rate_limits_keep_the_latest_and_a_value_per_minute) {
  const std::string five = "anthropic-ratelimit-unified-5h-utilization";
  auto store = open();
  clock_.advance(20s);  // the start of a minute
  for (const char* value : {"0.10", "0.11", "0.12", "0.12", "0.12", "0.12", "0.13"}) {
    store->record(RateLimitRecord{"acc", clock_.now_ms(), {{five, value}, {"retry-after", "5"}}});
    clock_.advance(20s);
  }
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(query_text(path_, "SELECT value FROM rate_limit_latest WHERE name = '" + five + "'"), "0.13");
  EXPECT_EQ(query(path_, "SELECT count(*) FROM rate_limit_latest"), 2);
  // The first minute ends with 0.12, the second changes nothing, the third begins with 0.13. retry-after is no series.
  EXPECT_EQ(query_text(path_, "SELECT group_concat(value, ' ') FROM rate_limit_series"), "0.12 0.13");
}

TEST_F(RecordStoreTest, an_older_answer_does_not_replace_newer_limits) {
  auto store = open();
  const std::string name = "anthropic-ratelimit-unified-7d-utilization";
  store->record(RateLimitRecord{"acc", clock_.now_ms(), {{name, "0.5"}}});
  store->record(RateLimitRecord{"acc", clock_.now_ms() - 1000, {{name, "0.4"}}});
  ASSERT_TRUE(store->flush(5s));
  EXPECT_EQ(query_text(path_, "SELECT value FROM rate_limit_latest"), "0.5");
}

TEST_F(RecordStoreTest, a_config_that_no_disk_could_satisfy_is_refused) {
  const auto refused = [&](auto change) {
    StoreConfig config = quick_config(path_);
    change(config);
    const auto store = RecordStore::open(config, clock_);
    return !store && store.error().kind == ErrorKind::bad_config && !store.error().client_text.empty();
  };
  EXPECT_TRUE(refused([](StoreConfig& c) { c.path.clear(); }));
  EXPECT_TRUE(refused([](StoreConfig& c) { c.retention_days = -1; }));
  EXPECT_TRUE(refused([](StoreConfig& c) { c.retention_days = 36'501; }));
  EXPECT_TRUE(refused([](StoreConfig& c) { c.queue_limit = 0; }));
  EXPECT_TRUE(refused([](StoreConfig& c) { c.batch_rows = 0; }));
  EXPECT_TRUE(refused([](StoreConfig& c) { c.retention_step_rows = 0; }));
  EXPECT_TRUE(refused([](StoreConfig& c) { c.busy_timeout = -1ms; }));
  EXPECT_FALSE(refused([](StoreConfig&) {}));
}

}  // namespace
}  // namespace distiq
