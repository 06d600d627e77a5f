#include "stats/stats_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <sstream>

#include "stats/stats_report_limits.h"
#include "stats/stats_report_table.h"
#include "stats/stats_report_texts.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t now_ms = 1'795'000'000'000;  // 2026-11-18 11:06:40 UTC

class StatsReportTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

Totals some_totals() {
  Totals totals;
  totals.requests = 1234;
  totals.input_tokens = 120'000;
  totals.cache_read_tokens = 5'100'000;
  totals.cache_write_5m_tokens = 300'000;
  totals.cache_write_1h_tokens = 100'000;
  totals.output_tokens = 795;
  totals.cost_usd_micros = 12'345'678;
  totals.counterfactual_usd_micros = 12'345'678;
  totals.duration_us = 1234 * 20'300'000LL;
  return totals;
}

Summary some_summary() {
  Summary summary;
  summary.period = Period::week;
  summary.made_at_ms = now_ms;
  summary.first_day = 20769;
  summary.last_day = 20775;
  summary.total = some_totals();
  summary.by_model = {{"claude-opus-4-8", some_totals()}, {"", some_totals()}};
  summary.by_class = {{"main", some_totals()}, {"count_tokens", some_totals()}};
  summary.by_day = {{20774, some_totals()}, {20775, some_totals()}};
  return summary;
}

std::string report(const Summary& summary, ReportLanguage language = ReportLanguage::english, bool colour = false) {
  return format_report(summary, {language, colour});
}

TEST_F(StatsReportTest, what_was_written_names_the_cache_where_nothing_was_read) {
  Summary summary = some_summary();
  summary.total.cache_read_tokens = 0;
  EXPECT_THAT(report(summary), HasSubstr("% written to the prompt cache\n"));
  EXPECT_THAT(report(summary, ReportLanguage::russian), HasSubstr("% записано в кэш промптов\n"));
}

TEST_F(StatsReportTest, shows_the_figures_that_matter) {
  const std::string text = report(some_summary());
  EXPECT_THAT(text, HasSubstr("last 7 days (2026-11-12 – 2026-11-18)"));
  EXPECT_THAT(text, HasSubstr("  requests         1,234\n"));
  EXPECT_THAT(text, HasSubstr("  tokens in         5.6M  91% read from the prompt cache · 7% written to it\n"));
  EXPECT_THAT(text, HasSubstr("  cost          $12.3457\n"));
  EXPECT_THAT(text, HasSubstr("  saved          $0.0000\n"));
  EXPECT_THAT(text, HasSubstr("  average time    20.3 s\n"));
  EXPECT_THAT(text, HasSubstr("(no model)"));
  EXPECT_THAT(text, HasSubstr("main conversation"));
  EXPECT_THAT(text, HasSubstr("Nothing is missing."));
  EXPECT_THAT(text, Not(HasSubstr("without proxy")));
  EXPECT_THAT(text, Not(HasSubstr("restored")));
}

TEST_F(StatsReportTest, savings_are_a_share_of_what_could_be_saved) {
  Summary summary = some_summary();
  summary.total.cost_usd_micros = 6'000'000;
  summary.total.counterfactual_usd_micros = 9'000'000;
  summary.total.restored_usd_micros = 1'000'000;
  const std::string text = report(summary);
  EXPECT_THAT(text, HasSubstr("without proxy  $9.0000\n"));
  EXPECT_THAT(text, HasSubstr("saved          $2.0000  25%\n"));
  EXPECT_THAT(text, HasSubstr("restored       $1.0000  repairs"));
}

TEST_F(StatsReportTest, a_loss_is_shown_as_a_loss) {
  Summary summary = some_summary();
  summary.total.cost_usd_micros = summary.total.counterfactual_usd_micros + 12'000;
  EXPECT_THAT(report(summary), HasSubstr("saved          -$0.0120\n"));
}

TEST_F(StatsReportTest, a_subscription_is_told_that_dollars_are_list_price) {
  Summary summary = some_summary();
  summary.total.subscription_requests = 1234;
  summary.total.subscription_cost_usd_micros = summary.total.cost_usd_micros;
  EXPECT_THAT(report(summary), HasSubstr("list-price equivalent: a subscription pays no dollars"));
  summary.total.subscription_cost_usd_micros = 1'000'000;
  EXPECT_THAT(report(summary), HasSubstr("of it list-price equivalent of a subscription: $1.0000"));
}

TEST_F(StatsReportTest, doubts_are_shown) {
  Summary summary = some_summary();
  summary.total.errors = 3;
  summary.total.client_gone = 2;
  summary.total.duplicates = 1;
  summary.total.estimated = 4;
  summary.total.incomplete = 5;
  const std::string text = report(summary);
  EXPECT_THAT(text, HasSubstr("errors: 3 · stopped by the client: 2 · repeats, not billed: 1"));
  EXPECT_THAT(text, HasSubstr("price estimated: 4 · metered only in part: 5"));
}

TEST_F(StatsReportTest, missing_records_are_said_aloud) {
  Summary summary = some_summary();
  summary.gaps = {{now_ms, now_ms, 12, "queue_full", ""},
                  {now_ms, now_ms, std::nullopt, "unclean_shutdown", ""},
                  {now_ms, now_ms, std::nullopt, "damaged_file", "stats.db.damaged-1"},
                  {now_ms, now_ms, std::nullopt, "from_the_future", ""}};
  summary.gap_count = 4;
  summary.lost_records = 12;
  const std::string text = report(summary);
  EXPECT_THAT(text, HasSubstr("MISSING RECORDS: 4 · lost: 12"));
  EXPECT_THAT(text, HasSubstr("2026-11-18 11:06  the proxy ended without goodbye · the last moments may be missing"));
  EXPECT_THAT(text, HasSubstr("stats.db.damaged-1"));
  EXPECT_THAT(text, HasSubstr("from_the_future"));
  EXPECT_THAT(text, Not(HasSubstr("Nothing is missing")));
}

TEST_F(StatsReportTest, an_empty_period_is_one_sentence) {
  Summary summary;
  summary.period = Period::day;
  summary.first_day = summary.last_day = 20775;
  const std::string text = report(summary);
  EXPECT_THAT(text, HasSubstr("today (2026-11-18)"));
  EXPECT_THAT(text, HasSubstr("No requests in this period."));
  EXPECT_THAT(text, Not(HasSubstr("cost")));
}

TEST_F(StatsReportTest, what_is_no_request_stands_apart) {
  Summary summary;
  EXPECT_THAT(report(summary), Not(HasSubstr("not counted")));
  summary.other_paths = 3;
  summary.refused = 1;
  EXPECT_THAT(report(summary), HasSubstr("not counted: other paths, passed through: 3 · refused by the proxy: 1\n"));
  EXPECT_THAT(format_report_json(summary), HasSubstr(R"("apart":{"other_paths":3,"refused":1})"));
}

TEST_F(StatsReportTest, limits_are_shown_as_measured) {
  Summary summary = some_summary();
  summary.limits = {
      {"3fa2bc0012345678",
       now_ms - 60'000,
       {{"anthropic-ratelimit-unified-5h-reset", "1795010000"},
        {"anthropic-ratelimit-unified-5h-utilization", "0.42"},
        {"anthropic-ratelimit-unified-7d-reset", "1794000000"},
        {"anthropic-ratelimit-unified-7d-utilization", "0.915"},
        {"anthropic-ratelimit-unified-7d_oi-utilization", "odd"},
        {"anthropic-ratelimit-unified-status", "allowed"}}},
      {"key",
       now_ms,
       {{"anthropic-ratelimit-requests-limit", "4000"}, {"anthropic-ratelimit-requests-remaining", "3999"}}}};
  const std::string text = report(summary);
  EXPECT_THAT(text, HasSubstr("limits of account 3fa2bc001234, measured 2026-11-18 11:05"));
  EXPECT_THAT(text, HasSubstr("status   allowed"));
  EXPECT_THAT(text, HasSubstr("5 hours  ████████░░░░░░░░░░░░    42%  resets 2026-11-18 13:53"));
  EXPECT_THAT(text, HasSubstr("7 days   ██████████████████░░  91.5%  was reset since"));
  EXPECT_THAT(text, HasSubstr("7d_oi                            odd"));
  EXPECT_THAT(text, HasSubstr("requests    3999 / 4000  left"));
  EXPECT_THAT(report(summary, ReportLanguage::russian), HasSubstr("статус   в пределах лимитов"));
}

TEST_F(StatsReportTest, hostile_limits_neither_crash_nor_reach_the_terminal) {
  for (const std::string value : {"-1", "1e300", "99999999999999999999999", "", ".", "0.", "\x1b[2J", "NaN", "0.4.2"}) {
    Summary summary = some_summary();
    summary.limits = {{"\x1b]0;x\x07",
                       now_ms,
                       {{"anthropic-ratelimit-unified-utilization", value},
                        {"anthropic-ratelimit-unified--utilization", value},
                        {"anthropic-ratelimit-unified-5h-utilization", value},
                        {"anthropic-ratelimit-unified-5h-reset", value},
                        {"anthropic-ratelimit-unified-status", value},
                        {"anthropic-ratelimit-tokens-limit", value},
                        {"anthropic-ratelimit-tokens-remaining", value}}}};
    EXPECT_THAT(report(summary), Not(HasSubstr("\x1b"))) << value;
  }
}

TEST(ThousandthsFrom, takes_plain_decimals_only) {
  EXPECT_EQ(thousandths_from("0.42"), 420);
  EXPECT_EQ(thousandths_from("0"), 0);
  EXPECT_EQ(thousandths_from("1"), 1000);
  EXPECT_EQ(thousandths_from("1."), 1000);
  EXPECT_EQ(thousandths_from("0.9999"), 999);
  EXPECT_EQ(thousandths_from("1.05"), 1050);
  for (const std::string_view bad :
       {"", ".5", "-1", "+1", "1e1", "11", "0.4.2", "0,4", " 0.4", "0.4 ", "nan", "123456789012345678901"}) {
    EXPECT_FALSE(thousandths_from(bad)) << bad;
  }
}

TEST_F(StatsReportTest, names_from_outside_are_made_printable) {
  Summary summary = some_summary();
  summary.by_model[0].name = "evil\x1b[31m\nmodel";
  EXPECT_THAT(report(summary), HasSubstr("evil\\x1b[31m\\x0amodel"));
}

TEST_F(StatsReportTest, plain_text_has_no_escapes_and_colour_changes_nothing_else) {
  for (const ReportLanguage language : {ReportLanguage::english, ReportLanguage::russian}) {
    const std::string plain = report(some_summary(), language, false);
    std::string coloured = report(some_summary(), language, true);
    EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
    EXPECT_THAT(coloured, HasSubstr("\x1b["));
    for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
      coloured.erase(at, coloured.find('m', at) - at + 1);
    }
    EXPECT_EQ(coloured, plain);
  }
}

TEST_F(StatsReportTest, no_line_is_wider_than_100_columns_or_ends_in_a_space) {
  Summary summary = some_summary();
  summary.total.errors = summary.total.client_gone = summary.total.duplicates = 99;
  summary.gaps = {{now_ms, now_ms, std::nullopt, "unclean_shutdown", ""}, {now_ms, now_ms, 99999, "queue_full", ""}};
  summary.gap_count = 2;
  for (const ReportLanguage language : {ReportLanguage::english, ReportLanguage::russian}) {
    std::istringstream lines(report(summary, language));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(text_width(line), 100u) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST_F(StatsReportTest, russian_says_everything_in_russian) {
  const std::string text = report(some_summary(), ReportLanguage::russian);
  EXPECT_THAT(text, HasSubstr("последние 7 дней"));
  EXPECT_THAT(text, HasSubstr("  запросы              1 234\n"));
  EXPECT_THAT(text, HasSubstr("основной диалог"));
  EXPECT_THAT(text, Not(HasSubstr("cost")));
  EXPECT_THAT(text, Not(HasSubstr("saved")));
}

TEST(ReportTexts, no_text_is_missing_in_either_language) {
  for (const ReportLanguage language : {ReportLanguage::english, ReportLanguage::russian}) {
    // The struct holds nothing but texts.
    const ReportTexts& texts = report_texts(language);
    const auto* first = reinterpret_cast<const std::string_view*>(&texts);
    for (std::size_t i = 0; i < sizeof(ReportTexts) / sizeof(std::string_view); ++i) {
      EXPECT_FALSE(first[i].empty()) << "text " << i << " of language " << static_cast<int>(language);
    }
    for (int c = 0; c < 8; ++c) EXPECT_FALSE(class_text(language, static_cast<RequestClass>(c)).empty());
  }
}

TEST(ReportTable, pads_by_characters_not_bytes) {
  ReportTable table({Align::left, Align::right});
  table.add({{"день"}, {"1"}});
  table.add({{"d"}, {"100"}});
  EXPECT_EQ(table.render(false), "  день    1\n  d     100\n");
}

TEST_F(StatsReportTest, json_is_exact_and_parses) {
  Summary summary = some_summary();
  summary.by_model[0].name = "quote\" and \\ and \n";
  summary.gaps = {{1, 2, 3, "queue_full", ""}, {4, 5, std::nullopt, "unclean_shutdown", "x"}};
  summary.gap_count = 2;
  summary.lost_records = 3;
  summary.limits = {{"acc", 77, {{"retry-after", "5"}}}};
  const std::string text = format_report_json(summary);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(text).get(json), simdjson::SUCCESS) << text;
  EXPECT_EQ(std::int64_t(json["schema"]), 1);
  EXPECT_EQ(std::string_view(json["period"]), "week");
  EXPECT_EQ(std::string_view(json["first_day"]), "2026-11-12");
  EXPECT_EQ(std::int64_t(json["total"]["cost_usd_micros"]), 12'345'678);
  EXPECT_EQ(std::int64_t(json["total"]["saved_usd_micros"]), 0);
  EXPECT_EQ(std::int64_t(json["total"]["prompt_tokens"]), 5'620'000);
  EXPECT_EQ(std::string_view(json.at_pointer("/by_model/0/model")), "quote\" and \\ and \n");
  EXPECT_EQ(std::string_view(json.at_pointer("/by_class/1/request_class")), "count_tokens");
  EXPECT_EQ(std::string_view(json.at_pointer("/by_day/0/day")), "2026-11-17");
  EXPECT_FALSE(bool(json["complete"]));
  EXPECT_EQ(std::int64_t(json.at_pointer("/gaps/0/lost")), 3);
  EXPECT_TRUE(json.at_pointer("/gaps/1/lost").is_null());
  EXPECT_EQ(std::string_view(json.at_pointer("/rate_limits/0/headers/retry-after")), "5");
}

TEST_F(StatsReportTest, json_of_nothing_has_every_key) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const std::string text = format_report_json({});
  ASSERT_EQ(parser.parse(text).get(json), simdjson::SUCCESS) << text;
  EXPECT_TRUE(bool(json["complete"]));
  for (const char* list : {"by_model", "by_class", "by_day", "gaps", "rate_limits"}) {
    EXPECT_EQ(json[list].get_array().size(), 0u) << list;
  }
}

TEST(Summary, totals_add_field_by_field) {
  Totals one;
  std::int64_t next = 1;
  visit_totals(one, [&](const char*, std::int64_t& value) { value = next++; });
  EXPECT_EQ(static_cast<std::size_t>(next - 1) * sizeof(std::int64_t), sizeof(Totals)) << "a field is not visited";
  Totals two = one;
  two += one;
  next = 1;
  visit_totals(two, [&](const char* name, std::int64_t value) { EXPECT_EQ(value, 2 * next++) << name; });
}

TEST(Summary, periods_have_names) {
  for (const Period period : {Period::day, Period::week, Period::month, Period::all}) {
    EXPECT_EQ(period_from(to_string(period)), period);
  }
  EXPECT_FALSE(period_from("year"));
  EXPECT_FALSE(period_from(""));
}

TEST_F(StatsReportTest, dates_at_the_edges) {
  EXPECT_EQ(local_day(0), 0);
  EXPECT_EQ(local_day(-1), -1);
  EXPECT_EQ(local_day(86'399'999), 0);
  EXPECT_EQ(local_day(86'400'000), 1);
  EXPECT_EQ(day_text(20775), "2026-11-18");
  EXPECT_EQ(day_text(-1), "1969-12-31");
  EXPECT_EQ(minute_text(now_ms), "2026-11-18 11:06");
  EXPECT_EQ(second_text(now_ms).substr(0, 17), "2026-11-18 11:06:");
  EXPECT_EQ(second_text(1'000), "1970-01-01 00:00:01");
  for (const std::int64_t far : {INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(local_day(far), 0);
    EXPECT_EQ(minute_text(far), "?");
    EXPECT_EQ(second_text(far), "?");
  }
  EXPECT_FALSE(day_text(INT32_MAX).empty());
  EXPECT_FALSE(day_text(INT32_MIN).empty());
}

}  // namespace
}  // namespace distiq
