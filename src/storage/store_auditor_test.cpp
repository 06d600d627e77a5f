#include "storage/store_auditor.h"

#include <gtest/gtest.h>

#include "money/cost.h"
#include "storage/store_for_test.h"

namespace distiq {
namespace {

using namespace std::chrono_literals;
using store_test::make_record;
using store_test::quick_config;
using store_test::SharedClock;
using store_test::TempFolder;

PicoUsd price(const std::string& model, const TokenUsage& usage) {
  UsageReport report;
  report.model = model;
  report.total = usage;
  report.seen = true;
  return charge(PriceTable::builtin(), report, model).cost;
}

// As the proxy books them: priced by the table, every third moved to a smaller model.
RequestRecord booked(std::uint64_t n) {
  RequestRecord record = make_record(n);
  record.requested_model = "claude-opus-5-5";
  record.served_model = n % 3 == 0 ? "claude-haiku-5-5" : "claude-opus-5-5";
  record.cost = price(record.served_model, record.usage);
  record.route.untouched = record.usage;
  record.counterfactual = price(record.requested_model, record.usage);
  record.route.saved_by_routing = record.counterfactual - record.cost;
  record.route.moved = n % 3 == 0;
  record.route.human_turn = n % 5 == 0;
  return record;
}

class StoreAuditorTest : public ::testing::Test {
 protected:
  void write(std::uint64_t first, std::uint64_t last) {
    auto store = RecordStore::open(quick_config(path_), clock_);
    ASSERT_TRUE(store);
    for (std::uint64_t n = first; n <= last; ++n) (*store)->record(booked(n));
    ASSERT_TRUE((*store)->flush(10s));
  }
  void change(const char* sql) {
    auto db = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(db);
    const auto done = db->execute(sql);
    ASSERT_TRUE(done) << done.error().detail;
  }
  StoreAudit audit() {
    auto audit = audit_store(path_, PriceTable::builtin());
    EXPECT_TRUE(audit) << audit.error().log_detail;
    return audit ? *audit : StoreAudit{};
  }

  TempFolder folder_;
  std::string path_ = folder_ / "stats.db";
  SharedClock clock_;
};

TEST_F(StoreAuditorTest, what_the_proxy_writes_agrees_with_itself) {
  write(1, 40);
  write(41, 60);  // another process
  const StoreAudit audit = this->audit();
  EXPECT_TRUE(audit.ok()) << audit.chain.detail << audit.prices.detail << audit.counterfactual.detail
                          << audit.causes.detail << audit.totals.detail;
  EXPECT_EQ(audit.rows, 60);
  EXPECT_EQ(audit.chain.checked, 60);
  EXPECT_EQ(audit.prices.checked, 60);
  EXPECT_EQ(audit.causes.checked, 60);
  EXPECT_GT(audit.totals.checked, 5);
  EXPECT_EQ(audit.not_recomputable, 0);
}

struct Tampering {
  const char* name;
  const char* sql;
  AuditCheck StoreAudit::* finds;
  const char* first_wrong;
};

TEST_F(StoreAuditorTest, finds_what_was_changed) {
  const Tampering cases[] = {
      {"a cost", "UPDATE requests SET cost_usd_micros = cost_usd_micros + 1000 WHERE id = 'req-7'", &StoreAudit::chain,
       "req-7"},
      {"a cost, by its price", "UPDATE requests SET cost_usd_micros = cost_usd_micros + 1000 WHERE id = 'req-7'",
       &StoreAudit::prices, "req-7"},
      {"a larger saving",
       "UPDATE requests SET counterfactual_usd_micros = counterfactual_usd_micros * 2 WHERE id = 'req-9'",
       &StoreAudit::counterfactual, "req-9"},
      {"a cause", "UPDATE requests SET saved_by_routing_usd_micros = 5 WHERE id = 'req-9'", &StoreAudit::causes,
       "req-9"},
      {"a flag that came later", "UPDATE requests SET human_turn = 0 WHERE id = 'req-10'", &StoreAudit::chain,
       "req-10"},
      {"a row taken out", "DELETE FROM requests WHERE id = 'req-11'", &StoreAudit::chain, "req-12"},
      {"a row taken out, by the day's sums", "DELETE FROM requests WHERE id = 'req-11'", &StoreAudit::totals, nullptr},
      {"a row put in", "UPDATE requests SET seq = seq + 1000 WHERE id = 'req-5'", &StoreAudit::chain, "req-6"},
      {"a total", "UPDATE daily_totals SET cost_usd_micros = cost_usd_micros - 1 WHERE requests > 0",
       &StoreAudit::totals, nullptr},
      {"a total taken out", "DELETE FROM daily_totals", &StoreAudit::totals, nullptr},
      {"a session's total", "UPDATE session_totals SET output_tokens = 0 WHERE session_id = 'session-4'",
       &StoreAudit::totals, "session session-4"},
      {"a session taken out", "DELETE FROM session_totals WHERE session_id = 'session-4'", &StoreAudit::totals,
       "session session-4"},
      {"a session put in", "INSERT INTO session_totals VALUES ('session-8', 0, 0, 0, 0, 0, 0, 1, 0, 0)",
       &StoreAudit::totals, "session session-8"},
  };
  for (const Tampering& tampering : cases) {
    SCOPED_TRACE(tampering.name);
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
    write(1, 20);
    ASSERT_TRUE(audit().ok());
    change(tampering.sql);
    const StoreAudit found = audit();
    EXPECT_FALSE(found.ok());
    EXPECT_FALSE((found.*tampering.finds).ok());
    EXPECT_FALSE((found.*tampering.finds).detail.empty());
    if (tampering.first_wrong == nullptr) continue;
    EXPECT_EQ((found.*tampering.finds).first_wrong, tampering.first_wrong);
  }
}

TEST_F(StoreAuditorTest, one_changed_row_is_one_finding) {
  write(1, 20);
  change("UPDATE requests SET reason = 'another' WHERE id = 'req-7'");
  EXPECT_EQ(audit().chain.wrong, 1);
}

TEST_F(StoreAuditorTest, rows_of_a_deleted_past_are_not_missed) {
  StoreConfig config = quick_config(path_);
  {
    auto store = RecordStore::open(config, clock_);
    for (std::uint64_t n = 1; n <= 10; ++n) {
      RequestRecord old = booked(n);
      old.started_at_ms -= 100 * store_test::day_ms;
      (*store)->record(RequestRecord(old));
    }
    for (std::uint64_t n = 11; n <= 20; ++n) (*store)->record(booked(n));
    ASSERT_TRUE((*store)->flush(10s));
  }
  config.retention_days = 90;
  {
    auto store = RecordStore::open(config, clock_);
    ASSERT_TRUE(
        store_test::eventually([&] { return store_test::query(path_, "SELECT count(*) FROM requests") == 10; }));
  }
  const StoreAudit audit = this->audit();
  EXPECT_TRUE(audit.ok()) << audit.chain.detail << audit.totals.detail;
  EXPECT_EQ(audit.rows, 10);
  EXPECT_EQ(audit.deleted_before, 10);
  EXPECT_EQ(audit.days_in_part, 1);
}

TEST_F(StoreAuditorTest, discarded_answers_are_part_of_the_cost) {
  RequestRecord record = booked(4);
  record.route.discarded_model = "claude-haiku-5-5";
  record.route.discarded = {.input = 1000, .output = 10};
  record.route.discarded_cost = price("claude-haiku-5-5", record.route.discarded);
  record.cost += record.route.discarded_cost;
  record.route.saved_by_routing -= record.route.discarded_cost;
  {
    auto store = RecordStore::open(quick_config(path_), clock_);
    (*store)->record(RequestRecord(record));
    ASSERT_TRUE((*store)->flush(10s));
  }
  const StoreAudit audit = this->audit();
  EXPECT_TRUE(audit.ok()) << audit.prices.detail << audit.causes.detail;
}

TEST_F(StoreAuditorTest, an_answer_of_several_passes_is_told_apart) {
  RequestRecord record = booked(4);
  record.price_basis = "speed=fast,passes=2";
  {
    auto store = RecordStore::open(quick_config(path_), clock_);
    (*store)->record(RequestRecord(record));
    ASSERT_TRUE((*store)->flush(10s));
  }
  EXPECT_EQ(audit().not_recomputable, 1);
  EXPECT_TRUE(audit().ok());
}

TEST_F(StoreAuditorTest, says_so_when_there_is_nothing_to_read) {
  EXPECT_FALSE(audit_store(path_, PriceTable::builtin()));
}

}  // namespace
}  // namespace distiq
