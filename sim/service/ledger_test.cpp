#include "service/ledger.h"

#include <gtest/gtest.h>

#include "service/test_support.h"

namespace sim {
namespace {

// Worked out by hand from the published prices: dollars per million tokens = pico-dollars per token / 10^6.
struct Row {
  const char* name;
  const char* model;
  std::int64_t input, read, write_5m, write_1h, output;
  std::int64_t pico;
  std::int64_t searches = 0;
  const char* speed = "";
  const char* geo = "";
};

class Cost : public testing::TestWithParam<Row> {};

TEST_P(Cost, is_exact) {
  const auto& row = GetParam();
  const auto& table = ModelTable::builtin();
  Usage usage;
  usage.prompt = {row.input, row.read, row.write_5m, row.write_1h};
  usage.output = row.output;
  usage.web_searches = row.searches;
  usage.speed = row.speed;
  usage.geo = row.geo;
  EXPECT_EQ(cost_pico_usd(*table.find(row.model), usage, table.web_search_pico()), row.pico);
}

INSTANTIATE_TEST_SUITE_P(
    rows, Cost,
    testing::Values(Row{"nothing", "claude-opus-5-5", 0, 0, 0, 0, 0, 0},
                    Row{"opus_5_5_each_category", "claude-opus-5-5", 1, 1, 1, 1, 1,
                        4'000'000 + 200'000 + 5'000'000 + 8'000'000 + 20'000'000},
                    Row{"sonnet_5_5_each_category", "claude-sonnet-5-5", 1, 1, 1, 1, 1,
                        2'000'000 + 100'000 + 2'500'000 + 4'000'000 + 10'000'000},
                    Row{"fable_5_1_each_category", "claude-fable-5-1", 1, 1, 1, 1, 1,
                        10'000'000 + 250'000 + 12'500'000 + 20'000'000 + 50'000'000},
                    Row{"fable_5_reads_at_a_tenth", "claude-fable-5", 0, 1, 0, 0, 0, 1'000'000},
                    Row{"fable_5_2_each_category", "claude-fable-5-2", 1, 1, 1, 1, 1,
                        8'000'000 + 200'000 + 10'000'000 + 16'000'000 + 40'000'000},
                    Row{"opus_5_each_category", "claude-opus-5", 1, 1, 1, 1, 1,
                        5'000'000 + 500'000 + 6'250'000 + 10'000'000 + 25'000'000},
                    Row{"sonnet_4_6_each_category", "claude-sonnet-4-6", 1, 1, 1, 1, 1,
                        3'000'000 + 300'000 + 3'750'000 + 6'000'000 + 15'000'000},
                    Row{"haiku_4_5_each_category", "claude-haiku-4-5", 1, 1, 1, 1, 1,
                        1'000'000 + 100'000 + 1'250'000 + 2'000'000 + 5'000'000},
                    Row{"haiku_5_5_each_category", "claude-haiku-5-5", 1, 1, 1, 1, 1,
                        100'000 + 10'000 + 125'000 + 200'000 + 500'000},
                    Row{"haiku_5_5_at_the_step", "claude-haiku-5-5", 1, 99'999, 0, 0, 10,
                        100'000 + 99'999 * 10'000LL + 10 * 500'000},
                    Row{"haiku_5_5_over_the_step", "claude-haiku-5-5", 2, 99'999, 0, 0, 10,
                        5 * (200'000 + 99'999 * 10'000LL + 10 * 500'000)},
                    Row{"haiku_5_5_writes_count_for_the_step", "claude-haiku-5-5", 0, 0, 50'000, 50'001, 0,
                        5 * (50'000 * 125'000LL + 50'001 * 200'000LL)},
                    Row{"a_million_of_opus", "claude-opus-5-5", 1'000'000, 0, 0, 0, 0, 4'000'000'000'000},
                    Row{"fast_opus_5_5", "claude-opus-5-5", 1, 1, 1, 1, 1,
                        8'000'000 + 400'000 + 10'000'000 + 16'000'000 + 40'000'000, 0, "fast"},
                    Row{"fast_opus_4_8", "claude-opus-4-8", 1, 0, 0, 0, 1, 10'000'000 + 50'000'000, 0, "fast"},
                    Row{"fast_where_there_is_none", "claude-sonnet-5-5", 1, 0, 0, 0, 0, 2'000'000, 0, "fast"},
                    Row{"in_the_us", "claude-haiku-5-5", 1, 1, 1, 1, 1,
                        (100'000 + 10'000 + 125'000 + 200'000 + 500'000) * 11 / 10, 0, "", "us"},
                    Row{"in_the_us_on_4_5", "claude-haiku-4-5", 1, 0, 0, 0, 0, 1'000'000, 0, "", "us"},
                    Row{"a_web_search", "claude-opus-5-5", 1, 0, 0, 0, 0, 4'000'000 + 3 * 10'000'000'000LL, 3}),
    [](const auto& test) { return test.param.name; });

TEST(Ledger, holds_what_usage_said_and_adds_it_up) {
  test::Api api;
  const std::string body =
      R"({"model":"claude-opus-5-5","max_tokens":50,"messages":[{"role":"user","content":"hello"}]})";
  const auto usage = api.ask(body).usage();
  api.ask(body);
  const auto ledger = api.control("GET", "/_sim/ledger").json();
  const auto& entries = ledger.at("entries").as_array();
  ASSERT_EQ(entries.size(), 2u);
  const auto& first = entries[0].as_object();
  EXPECT_EQ(first.at("input_tokens"), usage.at("input_tokens"));
  EXPECT_EQ(first.at("output_tokens"), usage.at("output_tokens"));
  EXPECT_EQ(test::number(first, "cost_pico_usd"),
            test::number(usage, "input_tokens") * 4'000'000 + test::number(usage, "output_tokens") * 20'000'000);
  EXPECT_EQ(test::number(ledger, "total_pico_usd"), 2 * test::number(first, "cost_pico_usd"));
}

TEST(Ledger, an_answer_cut_by_the_client_is_billed_as_far_as_it_went) {
  test::Api api;
  const std::string body =
      R"({"model":"claude-opus-5-5","max_tokens":5000,"stream":true,"messages":[{"role":"user","content":"tell a long story of 300 words"}]})";
  auto whole = api.start(body);
  test::Api::finish(whole);
  const auto all = api.world.ledger.entries()[0].usage.output;
  EXPECT_GT(all, 300);
  auto cut = api.start(body);
  cut.on_first_byte();
  cut.on_end(cut.pieces.size() / 2, false);
  const auto& entry = api.world.ledger.entries()[1];
  EXPECT_FALSE(entry.complete);
  EXPECT_GT(entry.usage.output, all / 3);
  EXPECT_LT(entry.usage.output, all * 2 / 3);
  auto unheard = api.start(body);
  unheard.on_end(0, false);
  EXPECT_EQ(api.world.ledger.entries()[2].usage.output, 0);
}

TEST(Ledger, refused_requests_cost_nothing) {
  test::Api api;
  EXPECT_EQ(api.ask("{}").status, 400);
  EXPECT_TRUE(api.world.ledger.entries().empty());
}

TEST(Ledger, forgetting_it_does_not_disturb_an_answer_under_way) {
  test::Api api;
  const auto reply =
      api.start(R"({"model":"claude-opus-5-5","max_tokens":50,"messages":[{"role":"user","content":"hello"}]})");
  api.control("DELETE", "/_sim/ledger");
  test::Api::finish(reply);
  EXPECT_EQ(api.world.ledger.total_pico_usd(), 0);
}

TEST(Decimal, is_read_exactly_or_not_at_all) {
  EXPECT_EQ(parse_decimal("0.125", 6), 125'000);
  EXPECT_EQ(parse_decimal("12.50", 6), 12'500'000);
  EXPECT_EQ(parse_decimal("4", 6), 4'000'000);
  for (const auto* bad : {"", ".", ".5", "1e3", "-1", "1.2345678", "1.2.3", " 1", "99999999999999999999"})
    EXPECT_THROW(parse_decimal(bad, 6), std::runtime_error) << bad;
}

}  // namespace
}  // namespace sim
