#include "storage/stats_reader.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <fstream>

#include "stats/stats_report.h"
#include "stats/summary_calendar.h"
#include "storage/store_auditor.h"
#include "storage/store_file.h"
#include "storage/store_for_test.h"
#include "storage/store_schema.h"
#include "storage/store_session.h"

namespace distiq {
namespace {

using namespace std::chrono_literals;
using store_test::day_ms;
using store_test::make_record;
using store_test::query;
using store_test::query_text;
using store_test::quick_config;
using store_test::SharedClock;
using store_test::TempFolder;

using Record = std::variant<RequestRecord, RateLimitRecord>;

class StatsReaderTest : public ::testing::Test {
 protected:
  void write(const std::vector<Record>& items) {
    auto store = RecordStore::open(quick_config(path_), clock_);
    ASSERT_TRUE(store);
    for (const Record& item : items) std::visit([&](auto record) { (*store)->record(std::move(record)); }, item);
    ASSERT_TRUE((*store)->flush(10s));
  }
  Summary summary(Period period) {
    auto reader = StatsReader::open(path_);
    EXPECT_TRUE(reader) << reader.error().log_detail;
    auto summary = reader->summary(period, clock_.now_ms());
    EXPECT_TRUE(summary) << summary.error().log_detail;
    return std::move(*summary);
  }

  TempFolder folder_;
  std::string path_ = folder_ / "stats.db";
  SharedClock clock_;
};

TEST_F(StatsReaderTest, totals_are_the_sums_of_the_records) {
  std::vector<Record> items;
  Totals expected;
  for (std::uint64_t n = 1; n <= 40; ++n) {
    items.push_back(make_record(n));
    expected.requests += 1;
    expected.input_tokens += static_cast<std::int64_t>(n);
    expected.cache_read_tokens += static_cast<std::int64_t>(10 * n);
    expected.cache_write_5m_tokens += 3;
    expected.cache_write_1h_tokens += 4;
    expected.output_tokens += static_cast<std::int64_t>(5 + n);
    expected.cost_usd_micros += static_cast<std::int64_t>(n);  // each rounded by itself: the rest of 0.4 never adds up
    expected.counterfactual_usd_micros += static_cast<std::int64_t>(2 * n);
    expected.duration_us += 1000;
  }
  write(items);
  const Summary all = summary(Period::all);
  EXPECT_EQ(all.total, expected);
  EXPECT_EQ(all.total.saved_usd_micros(), 820);
  ASSERT_EQ(all.by_model.size(), 2u);
  EXPECT_EQ(all.by_model[0].name, "claude-opus-4-8");  // even numbers: dearer
  EXPECT_EQ(all.by_model[0].totals.cost_usd_micros, 420);
  EXPECT_EQ(all.by_model[1].totals.cost_usd_micros, 400);
  EXPECT_EQ(all.by_class.size(), 8u);
  ASSERT_EQ(all.by_day.size(), 1u);
  EXPECT_EQ(all.by_day[0].totals, expected);
  EXPECT_EQ(all.gap_count, 0);
}

TEST_F(StatsReaderTest, lanes_are_summed_from_their_requests_the_one_used_last_first) {
  std::vector<Record> items;
  for (std::uint64_t n = 1; n <= 6; ++n) {
    RequestRecord record = make_record(n, store_test::test_now_ms + static_cast<std::int64_t>(n));
    record.request_class = n % 2 == 1 ? RequestClass::main : RequestClass::title;
    record.lane_id = n % 2 == 1 ? "aaaa" : "bbbb";
    items.push_back(record);
  }
  RequestRecord refused = make_record(7, store_test::test_now_ms + 7);  // newest of "aaaa", never metered
  refused.request_class = RequestClass::main;
  refused.lane_id = "aaaa";
  refused.served_model = "";
  refused.requested_model = "claude-sonnet-5-5";
  refused.usage = {};
  refused.usage_seen = false;
  refused.cost = refused.counterfactual = {};
  refused.route.cause = "pinned";
  items.push_back(refused);
  RequestRecord counted = make_record(8);  // token counts have no lane to speak of
  counted.request_class = RequestClass::count_tokens;
  counted.lane_id = "cccc";
  items.push_back(counted);
  std::get<RequestRecord>(items[1]).route.decision_point = "escalation";
  write(items);
  auto reader = StatsReader::open(path_);
  ASSERT_TRUE(reader);
  const auto lanes = reader->recent_lanes(10);
  ASSERT_TRUE(lanes) << lanes.error().log_detail;
  ASSERT_EQ(lanes->size(), 2u);
  const LaneSummary& asked = lanes->front();
  EXPECT_EQ(asked.lane_id, "aaaa");
  EXPECT_EQ(asked.request_class, RequestClass::main);
  EXPECT_EQ(asked.requested_model, "claude-sonnet-5-5");
  EXPECT_EQ(asked.served_model, "claude-haiku-4-5-20251001");  // of the newest answer
  EXPECT_EQ(asked.last_use_ms, store_test::test_now_ms + 7);
  EXPECT_EQ(asked.requests, 4);
  EXPECT_EQ(asked.prompt_tokens, 11 * (1 + 3 + 5) + 3 * 7);
  EXPECT_EQ(asked.cache_read_tokens, 10 * (1 + 3 + 5));
  EXPECT_EQ(asked.context_tokens, 11 * 5 + 7);
  EXPECT_EQ(asked.cost_usd_micros, 1 + 3 + 5);
  EXPECT_EQ(asked.untouched_usd_micros, 2 * (1 + 3 + 5));
  EXPECT_TRUE(asked.pinned);
  EXPECT_FALSE(asked.escalated);
  EXPECT_EQ(lanes->back().lane_id, "bbbb");
  EXPECT_FALSE(lanes->back().pinned);
  EXPECT_TRUE(lanes->back().escalated);
  EXPECT_EQ(reader->recent_lanes(1)->size(), 1u);

  const auto records = reader->lane_records("bbbb", 2);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ(records->front().id, "req-6");
  EXPECT_EQ(records->back().id, "req-4");
  EXPECT_TRUE(reader->lane_records("dddd", 2)->empty());
}

TEST_F(StatsReaderTest, what_went_wrong_is_counted_by_kind) {
  std::vector<RequestRecord> records;
  for (std::uint64_t n = 0; n < 9; ++n) records.push_back(make_record(n));
  records[0].status = 529;
  records[1].error_type = "overloaded_error";  // in a 200 stream
  records[2].outcome = Outcome::upstream_cut;
  records[2].usage_complete = false;
  records[3].outcome = Outcome::upstream_unreachable;
  records[4].outcome = Outcome::refused;
  records[5].outcome = Outcome::client_gone;
  records[5].usage_complete = false;
  records[6].price_estimated = true;
  records[7].usage_seen = false;
  records[7].usage_complete = false;  // nothing to be incomplete
  records[8].account_kind = AccountKind::subscription;
  write({records.begin(), records.end()});
  const Totals total = summary(Period::all).total;
  EXPECT_EQ(total.errors, 4);
  EXPECT_EQ(summary(Period::all).refused, 1);
  EXPECT_EQ(total.client_gone, 1);
  EXPECT_EQ(total.incomplete, 2);
  EXPECT_EQ(total.estimated, 1);
  EXPECT_EQ(total.subscription_requests, 1);
  EXPECT_EQ(total.subscription_cost_usd_micros, 8);
}

TEST_F(StatsReaderTest, only_requests_of_the_messages_api_are_requests) {
  std::vector<RequestRecord> records;
  for (std::uint64_t n = 1; n <= 5; ++n) records.push_back(make_record(n));
  records[1].outcome = Outcome::refused;
  records[2].path = "/v1/files";
  records[2].usage_seen = false;
  records[3].method = "GET";
  records[3].usage_seen = false;
  records[4].path = "/v1/messages/count_tokens";
  write({records.begin(), records.end()});
  const Summary all = summary(Period::all);
  EXPECT_EQ(all.total.requests, 2);
  EXPECT_EQ(all.other_paths, 2);
  EXPECT_EQ(all.refused, 1);
  std::int64_t by_class = 0;
  for (const NamedTotals& kind : all.by_class) by_class += kind.totals.requests;
  EXPECT_EQ(by_class, 2);
  EXPECT_EQ(all.by_day.at(0).totals.requests, 2);
}

TEST_F(StatsReaderTest, periods_are_whole_days_that_end_today) {
  std::vector<Record> items;
  std::uint64_t n = 0;
  for (const std::int64_t days_ago : {0, 1, 6, 7, 29, 30, 400}) {
    items.push_back(make_record(n++, clock_.now_ms() - days_ago * day_ms));
  }
  write(items);
  EXPECT_EQ(summary(Period::day).total.requests, 1);
  EXPECT_EQ(summary(Period::week).total.requests, 3);
  EXPECT_EQ(summary(Period::month).total.requests, 5);
  EXPECT_EQ(summary(Period::all).total.requests, 7);
  EXPECT_EQ(summary(Period::week).first_day, summary(Period::week).last_day - 6);
  EXPECT_EQ(summary(Period::all).first_day, local_day(clock_.now_ms() - 400 * day_ms));
  EXPECT_EQ(summary(Period::all).by_day.size(), 7u);
}

TEST_F(StatsReaderTest, a_record_of_tomorrow_is_not_lost) {
  write({make_record(1, clock_.now_ms() + 2 * day_ms)});
  EXPECT_EQ(summary(Period::day).total.requests, 1);
}

TEST_F(StatsReaderTest, many_models_are_summed_up_at_the_end) {
  std::vector<Record> items;
  for (std::uint64_t n = 0; n < 60; ++n) {
    RequestRecord record = make_record(n);
    record.served_model = "model-" + std::to_string(n);
    record.cost = PicoUsd{static_cast<std::int64_t>(n) * 1'000'000};
    items.push_back(record);
  }
  write(items);
  const Summary all = summary(Period::all);
  ASSERT_EQ(all.by_model.size(), 51u);
  EXPECT_EQ(all.by_model.front().name, "model-59");
  EXPECT_EQ(all.by_model.back().name, "(other)");
  EXPECT_EQ(all.by_model.back().totals.requests, 10);
  EXPECT_EQ(all.by_model.back().totals.cost_usd_micros, 45);
}

TEST_F(StatsReaderTest, limits_are_shown_per_account_the_newest_first) {
  const std::string five = "anthropic-ratelimit-unified-5h-utilization";
  std::vector<Record> items;
  for (int account = 0; account < 10; ++account) {
    items.push_back(RateLimitRecord{"acc" + std::to_string(account),
                                    clock_.now_ms() - 1000 * account,
                                    {{five, "0." + std::to_string(account)}, {"retry-after", "3"}}});
  }
  write(items);
  const Summary day = summary(Period::day);
  ASSERT_EQ(day.limits.size(), 8u);
  EXPECT_EQ(day.limits[0].account_hash, "acc0");
  EXPECT_EQ(day.limits[7].account_hash, "acc7");
  EXPECT_EQ(day.limits[3].header(five), "0.3");
  EXPECT_EQ(day.limits[3].header("retry-after"), "3");
  EXPECT_EQ(day.limits[3].header("none"), "");
  EXPECT_EQ(day.limits[3].observed_at_ms, clock_.now_ms() - 3000);
}

// As kill -9 leaves it: the run has no end. While somebody holds the writers' lock it may be alive.
TEST_F(StatsReaderTest, a_run_that_died_is_a_gap_before_the_next_start) {
  write({make_record(1)});
  EXPECT_EQ(summary(Period::all).gap_count, 0);
  {
    auto db = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(db && db->execute("UPDATE runs SET ended_at_ms = NULL"));
  }
  {
    const WriterLock alive = WriterLock::acquire(path_);
    EXPECT_EQ(summary(Period::all).gap_count, 0);
  }
  const Summary dead = summary(Period::all);
  EXPECT_EQ(dead.gap_count, 1);
  EXPECT_EQ(dead.gaps.at(0).reason, "unclean_shutdown");
  EXPECT_FALSE(dead.gaps[0].lost);
  write({make_record(2)});
  EXPECT_EQ(summary(Period::all).gap_count, 1) << "written down by the next start, and told once";
}

TEST_F(StatsReaderTest, gaps_of_the_period_are_told) {
  write({make_record(1)});
  {
    auto db = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(db);
    const std::string now = std::to_string(clock_.now_ms());
    const std::string long_ago = std::to_string(clock_.now_ms() - 20 * day_ms);
    ASSERT_TRUE(db->execute(("INSERT INTO gaps (from_ms, to_ms, lost, reason, detail) VALUES (" + long_ago + ", " +
                             long_ago + ", 7, 'queue_full', ''), (" + now + ", " + now + ", 3, 'queue_full', ''), (" +
                             now + ", " + now + ", NULL, 'unclean_shutdown', '')")
                                .c_str()));
  }
  const Summary week = summary(Period::week);
  EXPECT_EQ(week.gap_count, 2);
  EXPECT_EQ(week.lost_records, 3);
  ASSERT_EQ(week.gaps.size(), 2u);
  EXPECT_EQ(week.gaps[0].reason, "unclean_shutdown");
  EXPECT_FALSE(week.gaps[0].lost.has_value());
  EXPECT_EQ(week.gaps[1].lost, 3);
  EXPECT_EQ(summary(Period::all).lost_records, 10);
}

TEST_F(StatsReaderTest, an_unknown_id_is_nothing_and_recent_records_come_newest_first) {
  write({make_record(1), make_record(2), make_record(3)});
  auto reader = StatsReader::open(path_);
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->find_record("' OR 1=1 --")->has_value());
  const auto recent = reader->recent_records(2);
  ASSERT_TRUE(recent);
  ASSERT_EQ(recent->size(), 2u);
  EXPECT_EQ((*recent)[0].id, "req-3");
  EXPECT_EQ((*recent)[1].id, "req-2");
}

// Two modules, one text: a changed sentence must not lose its translation.
TEST_F(StatsReaderTest, every_sentence_of_a_failed_open_is_known_in_russian) {
  const auto check = [&](const std::string& path) {
    const auto reader = StatsReader::open(path, 10ms);
    ASSERT_FALSE(reader) << path;
    const auto& said = reader.error().client_text;
    EXPECT_NE(store_error_text(ReportLanguage::russian, said), said);
    EXPECT_EQ(store_error_text(ReportLanguage::english, said), said);
  };
  check(folder_ / "none");
  std::ofstream(folder_ / "empty").close();
  check(folder_ / "empty");
  std::ofstream(folder_ / "text") << std::string(4096, 'x');
  check(folder_ / "text");
  write({make_record(1)});
  for (const char* version : {"PRAGMA user_version = 1", "PRAGMA user_version = 999"}) {
    auto db = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(db && db->execute(version));
    check(path_);
  }
}

TEST_F(StatsReaderTest, every_unusable_file_has_its_sentence) {
  const auto sentence = [&] {
    const auto reader = StatsReader::open(path_);
    return reader ? std::string("opened") : reader.error().client_text;
  };
  EXPECT_NE(sentence().find("no statistics yet"), std::string::npos);
  std::ofstream(path_).flush();
  EXPECT_NE(sentence().find("empty"), std::string::npos) << sentence();
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_NE(sentence().find("damaged"), std::string::npos) << sentence();
  std::filesystem::remove(path_);
  write({});
  EXPECT_EQ(sentence(), "opened");
  const auto set = [&](const char* pragma) {
    auto db = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(db && db->execute(pragma));
  };
  set("PRAGMA user_version = 99");
  EXPECT_NE(sentence().find("newer"), std::string::npos);
  set("PRAGMA user_version = 1");
  EXPECT_NE(sentence().find("older"), std::string::npos);
  set("PRAGMA application_id = 5");
  EXPECT_NE(sentence().find("another program"), std::string::npos);
}

TEST_F(StatsReaderTest, a_proxy_of_the_older_version_is_grown_in_place) {
  {
    std::ofstream(path_).flush();
    auto db = Database::open(path_, DbAccess::read_write, 1s);
    ASSERT_TRUE(db && db->migrate(store_migrations().first(1), store_application_id));
    ASSERT_TRUE(db->execute(
        "INSERT INTO daily_totals VALUES (20775, 'claude-opus-4-8', 'main', 3, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, "
        "5, 0, 60, 70, 0, 9)"));
  }
  write({make_record(2)});
  const Summary all = summary(Period::all);
  EXPECT_EQ(all.total.requests, 4);
  EXPECT_EQ(all.total.cost_usd_micros, 62);
}

// Every version has the columns of the first. Two sessions, a row without one, a second record of one answer.
constexpr const char* rows_of_the_first_version = R"sql(
WITH n (n) AS (VALUES (1), (2), (3), (4), (5), (6))
INSERT INTO requests (id, local_day, duplicate, started_at_ms, session_id, agent_id, lane_id, request_class, account_hash,
  method, path, requested_model, served_model, status, outcome, streamed, error_type, upstream_request_id, message_id,
  stop_reason, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, web_searches,
  web_fetches, code_executions, usage_seen, usage_complete, price_estimated, cost_usd_micros, counterfactual_usd_micros,
  restored_usd_micros, duration_us, first_byte_us, overhead_us, request_bytes, response_bytes, reason)
SELECT 'old-' || n, 20775, n = 6, 1794960000000, CASE n WHEN 5 THEN '' ELSE 'old-session-' || (n % 2) END, '', '', 'main', '',
  'POST', '/v1/messages', 'claude-opus-4-8', 'claude-opus-4-8', 200, 'ok', 1, '', '', '', 'end_turn', n, 10 * n, 3, 4, 5, 0,
  0, 0, 0, 1, 0, 0, 0, 0, 7, 6, 5, 4, 3, '' FROM n;
INSERT INTO daily_totals (local_day, model, request_class, requests, cache_hits, errors, client_gone, incomplete, estimated,
  duplicates, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, web_searches,
  cost_usd_micros, counterfactual_usd_micros, restored_usd_micros, duration_us)
VALUES (20775, 'claude-opus-4-8', 'main', 6, 0, 0, 0, 0, 0, 1, 15, 150, 15, 20, 25, 0, 0, 0, 0, 42);
)sql";

TEST_F(StatsReaderTest, a_store_of_any_older_version_has_its_sessions_summed_and_goes_on) {
  for (std::size_t version = 1; version < store_migrations().size(); ++version) {
    SCOPED_TRACE(version);
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
    {
      std::ofstream(path_).flush();
      auto db = Database::open(path_, DbAccess::read_write, 1s);
      ASSERT_TRUE(db && db->migrate(store_migrations().first(version), store_application_id));
      const auto filled = db->execute(rows_of_the_first_version);
      ASSERT_TRUE(filled) << filled.error().detail;
    }
    auto newer = make_record(2);
    newer.session_id = "old-session-0";
    newer.cost = newer.counterfactual = PicoUsd{0};
    newer.usage_seen = false;
    write({newer});
    auto reader = StatsReader::open(path_);
    ASSERT_TRUE(reader);
    const auto even = reader->session("old-session-0");
    ASSERT_TRUE(even && *even);
    EXPECT_EQ((*even)->totals.requests, 3) << "2, 4 and the new one; not the second record 6";
    EXPECT_EQ((*even)->totals.input_tokens, 2 + 4 + 2);
    EXPECT_EQ((*even)->totals.cache_write_1h_tokens, 12);
    const auto odd = reader->session("old-session-1");
    ASSERT_TRUE(odd && *odd);
    EXPECT_EQ((*odd)->totals.requests, 2);
    EXPECT_EQ((*odd)->totals.cache_read_tokens, 40);
    EXPECT_EQ(query(path_, "SELECT count(*) FROM session_totals"), 2);
    const auto audit = audit_store(path_, PriceTable::builtin());
    ASSERT_TRUE(audit);
    EXPECT_TRUE(audit->ok()) << audit->chain.detail << audit->prices.detail << audit->totals.first_wrong
                             << audit->totals.detail;
    EXPECT_EQ(audit->rows, 7);
    EXPECT_EQ(audit->before_chain, 6);
  }
}

// The zone is read anew by every conversion only after tzset().
class ZoneForTest {
 public:
  explicit ZoneForTest(const char* zone) {
    if (const char* former = ::getenv("TZ")) former_ = former;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~ZoneForTest() {
    former_.empty() ? ::unsetenv("TZ") : ::setenv("TZ", former_.c_str(), 1);
    ::tzset();
  }

 private:
  std::string former_;
};

TEST_F(StatsReaderTest, a_day_is_the_users_day) {
  const ZoneForTest kathmandu("NPT-5:45");
  // 18:15 UTC.
  const std::int64_t midnight = 1'794'939'300'000;
  write({make_record(1, midnight - 60'000), make_record(2, midnight)});
  const Summary all = summary(Period::all);
  ASSERT_EQ(all.by_day.size(), 2u);
  EXPECT_EQ(day_text(all.by_day[0].day), "2026-11-17");
  EXPECT_EQ(day_text(all.by_day[1].day), "2026-11-18");
  EXPECT_EQ(minute_text(midnight), "2026-11-18 00:00");
}

TEST_F(StatsReaderTest, session_sums_its_own_records_and_names_its_newest_main_request) {
  std::vector<Record> items;
  for (std::uint64_t n = 1; n <= 30; ++n) {
    auto record = make_record(n);
    record.session_id = n % 2 == 0 ? "even" : "odd";
    record.request_class = n == 30 ? RequestClass::title : RequestClass::main;
    record.account_kind = AccountKind::subscription;
    items.push_back(record);
  }
  auto again = make_record(28);  // the same answer under another id
  again.id = "again";
  again.session_id = "even";
  items.push_back(again);
  items.push_back(RateLimitRecord{"acc0", clock_.now_ms(), {{"anthropic-ratelimit-unified-5h-utilization", "0.5"}}});
  items.push_back(RateLimitRecord{"acc1", clock_.now_ms(), {{"anthropic-ratelimit-unified-5h-utilization", "0.9"}}});
  write(items);
  auto reader = StatsReader::open(path_);
  ASSERT_TRUE(reader);
  const auto session = reader->session("even");
  ASSERT_TRUE(session && *session);
  EXPECT_EQ((*session)->totals.requests, 15);
  EXPECT_EQ((*session)->totals.input_tokens, 240);
  EXPECT_EQ((*session)->totals.cost_usd_micros, 240);
  EXPECT_EQ((*session)->totals.counterfactual_usd_micros, 480);
  EXPECT_EQ((*session)->served_model, "claude-opus-4-8");
  EXPECT_EQ((*session)->account_kind, AccountKind::subscription);
  ASSERT_TRUE((*session)->limits);
  EXPECT_EQ((*session)->limits->header("anthropic-ratelimit-unified-5h-utilization"), "0.5");
  for (const char* unknown : {"", "nobody", "' OR 1=1 --"}) {
    const auto none = reader->session(unknown);
    ASSERT_TRUE(none) << unknown;
    EXPECT_FALSE(*none) << unknown;
  }
}

TEST_F(StatsReaderTest, whatever_a_client_calls_its_session_is_summed_like_the_rows) {
  std::vector<Record> items;
  const std::string names[] = {"", "a", "with space", "sk-ant-x", std::string(500, 'x'), std::string(501, 'x'), "a"};
  for (std::uint64_t n = 0; n < 100; ++n) {
    auto record = make_record(n);
    record.session_id = names[n % std::size(names)];
    items.push_back(record);
  }
  write(items);
  const auto audit = audit_store(path_, PriceTable::builtin());
  ASSERT_TRUE(audit);
  EXPECT_TRUE(audit->totals.ok()) << audit->totals.first_wrong << ": " << audit->totals.detail;
  EXPECT_EQ(query_text(path_,
                       "SELECT group_concat(iif(length(session_id) = 128, 'long', session_id)) FROM "
                       "session_totals"),
            "(not stored),(redacted),a,long");
  EXPECT_EQ(query(path_, "SELECT requests FROM session_totals WHERE session_id = 'a'"), 29);
}

}  // namespace
}  // namespace distiq
