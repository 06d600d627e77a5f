#include "promptcache/counterfactual.h"

#include <gtest/gtest.h>

#include "money/price_table.h"

namespace distiq {
namespace {

TEST(counterfactual, prompt_as_the_other_world_splits_it_output_as_answered) {
  const PriceTable& table = PriceTable::builtin();
  const CacheForecast untouched{.prompt_tokens = 100, .read = 60, .write_5m = 30, .write_1h = 7, .input = 3};
  const TokenUsage actual{.input = 99, .cache_read = 1, .output = 1000, .web_searches = 2};
  const TokenUsage expected{
      .input = 3, .cache_read = 60, .cache_write_5m = 30, .cache_write_1h = 7, .output = 1000, .web_searches = 2};
  EXPECT_EQ(counterfactual_usage(untouched, actual, *table.find("opus"), *table.find("haiku")), expected);
}

TEST(counterfactual, tokens_change_with_the_tokenizer) {
  const PriceTable& table = PriceTable::builtin();
  const ModelInfo& older = *table.find("claude-haiku-4-5");
  const ModelInfo& newer = *table.find("opus");
  EXPECT_EQ(counterfactual_usage({}, {.output = 1000}, newer, older).output, 1300U);
  EXPECT_EQ(counterfactual_usage({}, {.output = 1300}, older, newer).output, 1000U);
  const CacheForecast same = same_split({.input = 10, .cache_read = 20, .cache_write_1h = 30}, newer, older);
  EXPECT_EQ(same.prompt_tokens, 13U + 26U + 39U);
  EXPECT_EQ(same.write_1h, 39U);
}

}  // namespace
}  // namespace distiq
