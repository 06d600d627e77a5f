#include "money/cost.h"

#include <gtest/gtest.h>

#include <limits>

namespace distiq {
namespace {

struct Row {
  const char* what;
  const char* requested;
  UsageReport report;
  std::int64_t pico_usd;
  bool estimated = false;
};

const Row kRows[] = {
#include "money/cost_rows.inc"
};

TEST(cost, every_usage_shape_is_exact) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.what);
    const Charge charged = charge(PriceTable::builtin(), row.report, row.requested);
    EXPECT_EQ(charged.cost.value, row.pico_usd);
    EXPECT_EQ(charged.estimated, row.estimated);
  }
}

TEST(cost, billed_tokens_are_the_sum_of_the_passes_and_searches_count_once) {
  const UsageReport report = {
      .model = "claude-opus-5-5",
      .total = {.input = 10, .output = 5, .web_searches = 2},
      .iterations = {{.type = "compaction", .tokens = {.input = 100, .cache_read = 7, .output = 50}},
                     {.type = "message", .tokens = {.input = 10, .cache_write_1h = 3, .output = 5, .web_searches = 2}}},
      .seen = true};
  const TokenUsage expected = {.input = 110, .cache_read = 7, .cache_write_1h = 3, .output = 55, .web_searches = 2};
  EXPECT_EQ(charge(PriceTable::builtin(), report, "").billed, expected);
}

TEST(cost, nothing_is_billed_where_no_usage_was_seen) {
  const Charge charged =
      charge(PriceTable::builtin(), {.model = "claude-opus-5-5", .total = {.input = 68}}, "claude-opus-5-5");
  EXPECT_EQ(charged.billed, TokenUsage{});
  EXPECT_FALSE(charged.estimated);
}

TEST(cost, absurd_counts_stop_at_the_largest_amount) {
  const std::uint64_t huge = std::numeric_limits<std::uint64_t>::max() / 4;
  const UsageReport report = {
      .model = "claude-opus-5-5", .inference_geo = "us", .total = {.input = huge, .output = huge}, .seen = true};
  EXPECT_EQ(charge(PriceTable::builtin(), report, "").cost.value, std::numeric_limits<std::int64_t>::max());
}

TEST(cost, half_a_pico_dollar_of_a_factor_rounds_up) {
  const auto table = PriceTable::builtin().with_file(
      R"({"format":1,"models":[{"id":"tiny","tier":"haiku","geography":true,
          "prices":{"input":"0.000001","output":"0","cache_read":"0","cache_write_5m":"0","cache_write_1h":"0"}}]})",
      "test");
  ASSERT_TRUE(table.has_value()) << table.error().log_detail;
  const auto cost_of = [&](std::uint64_t tokens) {
    return charge(*table, {.model = "tiny", .inference_geo = "us", .total = {.input = tokens}, .seen = true}, "")
        .cost.value;
  };
  EXPECT_EQ(cost_of(4), 4);    // 4.4
  EXPECT_EQ(cost_of(5), 6);    // 5.5
  EXPECT_EQ(cost_of(10), 11);  // 11.0
}

TEST(cost, price_of_uses_the_step_of_the_prompt) {
  const ModelInfo* haiku = PriceTable::builtin().find("haiku");
  ASSERT_NE(haiku, nullptr);
  EXPECT_EQ(price_of(*haiku, {.input = 100'000}).value, 100'000 * 100'000LL);
  EXPECT_EQ(price_of(*haiku, {.input = 100'001}).value, 100'001 * 500'000LL);
}

}  // namespace
}  // namespace distiq
