#include "stats/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "stats/metrics_text.h"

namespace distiq {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestRecord billed_request(std::string model = "claude-opus-5-5") {
  RequestRecord record;
  record.request_class = RequestClass::main;
  record.served_model = std::move(model);
  record.status = 200;
  record.usage = {
      .input = 10, .cache_read = 300, .cache_write_5m = 60, .cache_write_1h = 30, .output = 7, .web_searches = 2};
  record.usage_seen = record.usage_complete = true;
  record.cost = {1'500'000'000'000};
  record.counterfactual = {4'000'000'000'000};
  record.restored = {500'000'000'000};
  record.duration_us = 2'000'000;
  record.first_byte_us = 300'000;
  record.overhead_us = 40;
  record.request_bytes = 1000;
  record.response_bytes = 500;
  return record;
}

TEST(metrics, one_billed_request_shows_in_every_family) {
  Metrics metrics(PriceTable::builtin());
  metrics.count(billed_request());
  const std::string page = metrics.render(
      {.version = "1.2.3", .uptime_seconds = 60, .dropped_records = 4, .dropped_lines = 5, .buffered_bytes = 6});
  for (const char* line : {
           "distiq_build_info{version=\"1.2.3\"} 1\n",
           "distiq_uptime_seconds 60\n",
           "distiq_requests_total{class=\"main\",status=\"200\"} 1\n",
           "distiq_request_outcomes_total{outcome=\"ok\"} 1\n",
           "distiq_request_bytes_total 1000\n",
           "distiq_billed_requests_total{model=\"claude-opus-5-5\"} 1\n",
           "distiq_tokens_total{model=\"claude-opus-5-5\",kind=\"input\"} 10\n",
           "distiq_tokens_total{model=\"claude-opus-5-5\",kind=\"cache_write_1h\"} 30\n",
           "distiq_tokens_total{model=\"claude-opus-5-5\",kind=\"output\"} 7\n",
           "distiq_cache_read_ratio 0.7500\n",
           "distiq_server_tool_requests_total{tool=\"web_search\"} 2\n",
           "distiq_cost_usd_total{model=\"claude-opus-5-5\"} 1.500000000000\n",
           "distiq_counterfactual_usd_total 4.000000000000\n",
           "distiq_restored_usd 0.500000000000\n",
           "distiq_saved_usd 2.000000000000\n",
           "distiq_added_latency_seconds_bucket{le=\"0.000025\"} 0\n",
           "distiq_added_latency_seconds_bucket{le=\"0.00005\"} 1\n",
           "distiq_added_latency_seconds_bucket{le=\"+Inf\"} 1\n",
           "distiq_added_latency_seconds_sum 0.00004\n",
           "distiq_added_latency_seconds_count 1\n",
           "distiq_first_byte_seconds_bucket{le=\"0.25\"} 0\n",
           "distiq_first_byte_seconds_bucket{le=\"0.5\"} 1\n",
           "distiq_request_duration_seconds_sum 2\n",
           "distiq_buffered_bytes 6\n",
           "distiq_dropped_total{what=\"records\"} 4\n",
           "distiq_dropped_total{what=\"lines\"} 5\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(metrics, only_answered_requests_tell_of_added_latency) {
  Metrics metrics(PriceTable::builtin());
  RequestRecord record = billed_request();
  metrics.count(record);
  record.overhead_us = -1;  // another path, or refused
  metrics.count(record);
  record.overhead_us = 10;
  record.first_byte_us = -1;  // upstream was not reached
  metrics.count(record);
  EXPECT_THAT(metrics.render({}), HasSubstr("distiq_added_latency_seconds_count 1\n"));
}

TEST(metrics, request_without_usage_is_counted_but_not_billed) {
  Metrics metrics(PriceTable::builtin());
  RequestRecord record = billed_request();
  record.usage_seen = false;
  record.status = 529;
  metrics.count(record);
  const std::string page = metrics.render({});
  EXPECT_THAT(page, HasSubstr("status=\"529\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("model=")));
  EXPECT_THAT(page, HasSubstr("distiq_cache_read_ratio 0.0000\n"));
}

TEST(metrics, loss_is_negative) {
  Metrics metrics(PriceTable::builtin());
  RequestRecord record = billed_request();
  record.counterfactual = {1'000'000'000'000};
  record.restored = {};
  metrics.count(record);
  EXPECT_THAT(metrics.render({}), HasSubstr("distiq_saved_usd -0.500000000000\n"));
}

TEST(metrics, strange_models_and_statuses_make_no_new_series) {
  Metrics metrics(PriceTable::builtin());
  for (int i = 0; i < 1000; ++i) {
    RequestRecord record = billed_request("evil-" + std::to_string(i) + "\"\n");
    record.status = i * 7 - 500;
    metrics.count(record);
  }
  const std::string page = metrics.render({});
  EXPECT_THAT(page, HasSubstr("distiq_billed_requests_total{model=\"other\"} 1000\n"));
  EXPECT_THAT(page, Not(HasSubstr("evil")));
  EXPECT_THAT(page, HasSubstr("status=\"0\"}"));
  EXPECT_THAT(page, HasSubstr("status=\"599\"}"));
}

TEST(metrics, aliases_and_dates_count_as_their_model) {
  Metrics metrics(PriceTable::builtin());
  metrics.count(billed_request("opus"));
  metrics.count(billed_request("claude-opus-5-5-20260922"));
  EXPECT_THAT(metrics.render({}), HasSubstr("distiq_billed_requests_total{model=\"claude-opus-5-5\"} 2\n"));
}

TEST(metrics, errors_gauges_and_marks) {
  Metrics metrics(PriceTable::builtin());
  metrics.count_error(ErrorKind::upstream_timeout);
  metrics.count_duplicate();
  RequestRecord record = billed_request();
  record.usage_complete = false;
  record.price_estimated = true;
  metrics.count(record);
  {
    auto connection = metrics.hold_connection();
    const auto same_connection = std::move(connection);
    const auto stream = metrics.hold_stream();
    const auto request = metrics.hold_request();
    EXPECT_EQ(metrics.open_requests(), 1);
    const std::string page = metrics.render({});
    EXPECT_THAT(page, HasSubstr("distiq_open_connections 1\n"));
    EXPECT_THAT(page, HasSubstr("distiq_active_streams 1\n"));
  }
  EXPECT_EQ(metrics.open_requests(), 0);
  const std::string page = metrics.render({});
  EXPECT_THAT(page, HasSubstr("distiq_open_connections 0\n"));
  EXPECT_THAT(page, HasSubstr("distiq_active_streams 0\n"));
  EXPECT_THAT(page, HasSubstr("distiq_errors_total{kind=\"upstream_timeout\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("distiq_duplicate_answers_total 1\n"));
  EXPECT_THAT(page, HasSubstr("distiq_incomplete_usage_total 1\n"));
  EXPECT_THAT(page, HasSubstr("distiq_estimated_price_total 1\n"));
}

TEST(metrics, every_family_is_announced_once_and_every_sample_belongs_to_the_last_one) {
  Metrics metrics(PriceTable::builtin());
  metrics.count(billed_request());
  std::istringstream page(metrics.render({.version = "x"}));
  std::set<std::string> families;
  std::string line, family, type;
  while (std::getline(page, line)) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family;
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(line.starts_with("# TYPE " + family + " ")) << line;
      type = line.substr(line.rfind(' ') + 1);
      continue;
    }
    std::string name = line.substr(0, line.find_first_of("{ "));
    if (type == "histogram") name = name.substr(0, name.rfind('_'));
    EXPECT_EQ(name, family) << line;
  }
  EXPECT_GE(families.size(), 20U);
}

TEST(metrics, threads_lose_no_count) {
  Metrics metrics(PriceTable::builtin());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) metrics.count(billed_request());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string page = metrics.render({});
  EXPECT_THAT(page, HasSubstr("distiq_requests_total{class=\"main\",status=\"200\"} 4000\n"));
  EXPECT_THAT(page, HasSubstr("distiq_request_duration_seconds_count 4000\n"));
}

TEST(metrics_text, labels_and_help_are_escaped) {
  MetricsText text;
  text.family("f", "gauge", "a\\b\n\"c\"");
  text.sample({{"l", "a\\b\n\"c\""}}, std::uint64_t{1});
  EXPECT_EQ(text.take(), "# HELP f a\\\\b\\n\"c\"\n# TYPE f gauge\nf{l=\"a\\\\b\\n\\\"c\\\"\"} 1\n");
}

TEST(metrics_histogram, bounds_are_inclusive_and_buckets_cumulative) {
  Histogram<2> histogram({10, 20});
  for (const std::int64_t us : {-5, 10, 11, 20, 21, 1'000'000}) histogram.observe(us);
  MetricsText text;
  text.family("h", "histogram", "x");
  text.histogram(histogram);
  EXPECT_THAT(text.take(), HasSubstr("h_bucket{le=\"0.00001\"} 2\nh_bucket{le=\"0.00002\"} 4\nh_bucket{le=\"+Inf\"} 6\n"
                                     "h_sum 1.000062\nh_count 6\n"));
}

// A panel that asks for what nobody tells stays empty without a word.
TEST(Metrics, has_all_that_the_grafana_dashboard_asks_for) {
  std::ifstream file(std::string(DISTIQ_SOURCE_DIR) + "/docs/grafana/distiq-code.json");
  const std::string dashboard((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string page = Metrics(PriceTable::builtin()).render({.version = "1"});
  const std::regex name("distiq_[a-z0-9_]+");
  std::set<std::string> asked;
  for (std::sregex_iterator i(dashboard.begin(), dashboard.end(), name), end; i != end; ++i) asked.insert(i->str());
  EXPECT_GT(asked.size(), 20u);
  for (std::string metric : asked) {
    if (metric.ends_with("_bucket")) metric.resize(metric.size() - std::string_view("_bucket").size());
    EXPECT_NE(page.find("# TYPE " + metric + " "), std::string::npos) << metric;
  }
}

TEST(Metrics, savings_by_cause_add_up_to_what_was_saved) {
  Metrics metrics(PriceTable::builtin());
  RequestRecord record;
  record.usage_seen = true;
  record.served_model = "claude-haiku-5-5";
  record.request_class = RequestClass::sub_agent;
  record.cost = PicoUsd{1'000'000'000'000};
  record.counterfactual = PicoUsd{4'000'000'000'000};
  record.restored = PicoUsd{500'000'000'000};
  record.route.moved = true;
  record.route.saved_by_routing = PicoUsd{3'000'000'000'000};
  record.route.saved_by_markers = PicoUsd{-500'000'000'000};
  record.route.cache_break = "system[0]";
  record.route.cache_break_tokens = 7;
  record.route.cache_break_cost = PicoUsd{250'000'000'000};
  metrics.count(record);
  const std::string page = metrics.render({.version = "1"});
  for (const char* line : {"distiq_saved_usd 2.5", "distiq_saved_by_cause_usd{cause=\"routing\"} 3",
                           "distiq_saved_by_cause_usd{cause=\"markers\"} -0.5", "distiq_moved_requests_total 1",
                           "distiq_cache_breaks_total 1", "distiq_cache_break_tokens_total 7",
                           "distiq_cache_break_usd_total 0.25", "distiq_class_cost_usd_total{class=\"sub_agent\"} 1",
                           "distiq_class_untouched_usd_total{class=\"sub_agent\"} 3.5"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace distiq
