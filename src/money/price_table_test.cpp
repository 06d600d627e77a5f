#include "money/price_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "money/decimal.h"

namespace distiq {
namespace {

using testing::HasSubstr;

TEST(decimal, exact_values_only) {
  EXPECT_EQ(parse_decimal("12.5", 6), 12'500'000);
  EXPECT_EQ(parse_decimal("0.125", 6), 125'000);
  EXPECT_EQ(parse_decimal("0.01", 6), 10'000);
  EXPECT_EQ(parse_decimal("0", 6), 0);
  EXPECT_EQ(parse_decimal("007", 0), 7);
  EXPECT_EQ(parse_decimal("1.500000000", 1), 15);
  EXPECT_EQ(parse_decimal("999999999999999999", 0), 999'999'999'999'999'999);
  for (const char* bad : {"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", " 1", "0x1", "0.0000001", "1.2.3"}) {
    EXPECT_EQ(parse_decimal(bad, 6), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_decimal("1000000000000000000", 0), std::nullopt);
  EXPECT_EQ(parse_decimal("10000000000000", 6), std::nullopt);  // too long once scaled
}

TEST(price_table, finds_ids_aliases_dates_and_window_suffixes) {
  const PriceTable& table = PriceTable::builtin();
  const auto id_of = [&](std::string_view name) { return table.find(name) == nullptr ? "" : table.find(name)->id; };
  EXPECT_EQ(id_of("claude-opus-5-5"), "claude-opus-5-5");
  EXPECT_EQ(id_of("opus"), "claude-opus-5-5");
  EXPECT_EQ(id_of("claude-haiku-4-5-20251001"), "claude-haiku-4-5");
  EXPECT_EQ(id_of("claude-opus-5-5-20270101"), "claude-opus-5-5");
  EXPECT_EQ(id_of("claude-sonnet-5-5-latest"), "claude-sonnet-5-5");
  EXPECT_EQ(id_of("claude-sonnet-4-5[1m]"), "claude-sonnet-4-5");
  EXPECT_EQ(id_of("claude-opus-5-5-2026092"), "");
  EXPECT_EQ(id_of("claude-opus"), "");
  EXPECT_EQ(id_of("-20260101"), "");
  EXPECT_EQ(id_of("[1m]"), "");
  EXPECT_EQ(id_of(""), "");
}

TEST(price_table, an_old_generation_is_not_taken_for_a_prefix_of_a_new_one) {
  // claude-opus-4 is listed at 15/75; an unlisted 4-9 is not that.
  const ModelMatch match = PriceTable::builtin().match("claude-opus-4-9");
  EXPECT_EQ(match.kind, ModelMatch::Kind::family);
  EXPECT_EQ(match.model->id, "claude-opus-5-5");
}

TEST(price_table, unknown_names_still_have_a_price) {
  EXPECT_EQ(PriceTable::builtin().match("gpt").kind, ModelMatch::Kind::unknown);
  EXPECT_NE(PriceTable::builtin().match("").model, nullptr);
}

TEST(price_table, short_names_for_people) {
  const PriceTable& table = PriceTable::builtin();
  EXPECT_EQ(table.short_name("claude-opus-5-5"), "opus");
  EXPECT_EQ(table.short_name("claude-opus-4-6"), "opus-4-6");
  EXPECT_EQ(table.short_name("claude-haiku-4-5-20251001"), "haiku-4-5");
  EXPECT_EQ(table.short_name("sonnet[1m]"), "sonnet");
  EXPECT_EQ(table.short_name("my-router-model"), "my-router-model");
}

// Rules that hold for every published price: a write costs 1.25 or 2 times the input, a read never more than a tenth of
// it, and nothing is cheaper above a step.
TEST(price_table, builtin_prices_obey_the_published_multipliers) {
  for (const ModelInfo& model : PriceTable::builtin().models()) {
    SCOPED_TRACE(model.id);
    std::vector<TokenPrices> all = {model.prices};
    if (model.fast.has_value()) all.push_back(*model.fast);
    for (const PriceStep& step : model.steps) {
      all.push_back(step.prices);
      EXPECT_GT(step.prices.input, model.prices.input);
    }
    for (const TokenPrices& prices : all) {
      EXPECT_GT(prices.input.value, 0);
      EXPECT_EQ(prices.cache_write_5m.value * 4, prices.input.value * 5);
      EXPECT_EQ(prices.cache_write_1h.value, prices.input.value * 2);
      EXPECT_LE(prices.cache_read.value * 10, prices.input.value);
      EXPECT_GE(prices.output.value * 4, prices.input.value * 15);
    }
  }
}

TEST(price_table, builtin_capabilities_of_the_models_that_differ_most) {
  const PriceTable& table = PriceTable::builtin();
  const ModelInfo& opus = *table.find("opus");
  EXPECT_TRUE(opus.has(ModelFeature::system_messages));
  EXPECT_FALSE(opus.has(ModelFeature::forced_tool_choice));
  EXPECT_FALSE(opus.has(ModelFeature::sampling));
  EXPECT_FALSE(opus.accepts_thinking("disabled"));
  EXPECT_EQ(opus.max_output_tokens, 128'000U);
  EXPECT_EQ(opus.min_cacheable_tokens, 512U);
  EXPECT_EQ(opus.default_effort, "medium");

  const ModelInfo& sonnet_5 = *table.find("claude-sonnet-5");
  EXPECT_FALSE(sonnet_5.has(ModelFeature::system_messages));
  EXPECT_TRUE(sonnet_5.accepts_thinking("disabled"));

  EXPECT_TRUE(opus.reads_thinking_of("claude-sonnet-5-5"));
  EXPECT_FALSE(table.find("sonnet")->reads_thinking_of("claude-opus-5-5"));
  EXPECT_FALSE(table.find("haiku")->reads_thinking_of("claude-sonnet-5-5"));
  EXPECT_TRUE(table.find("sonnet")->reads_thinking_of("claude-haiku-5-5"));
  EXPECT_TRUE(sonnet_5.effort_in_whole_cache);
  EXPECT_FALSE(opus.effort_in_whole_cache);
  EXPECT_TRUE(opus.keeps_old_thinking);

  const ModelInfo& haiku_4_5 = *table.find("claude-haiku-4-5");
  EXPECT_FALSE(haiku_4_5.accepts_thinking("adaptive"));
  EXPECT_FALSE(haiku_4_5.accepts_effort("low"));
  EXPECT_FALSE(haiku_4_5.keeps_old_thinking);
  EXPECT_TRUE(haiku_4_5.has(ModelFeature::sampling));
  EXPECT_EQ(haiku_4_5.context_tokens, 200'000U);
  EXPECT_FALSE(table.find("claude-opus-4-6")->accepts_effort("xhigh"));
  EXPECT_TRUE(table.find("claude-opus-4-1")->retired);
}

TEST(price_table, a_file_replaces_what_it_names_and_adds_models) {
  const auto table = PriceTable::builtin().with_file(
      R"({"format": 1,
          "modifiers": {"inference_geo": {"eu": "1.2"}, "web_search_per_1000": 12},
          "models": [
            {"id": "claude-opus-5-5", "prices": {"input": "3", "output": 15, "cache_read": "0.15", "cache_write_5m": "3.75", "cache_write_1h": "6"}},
            {"id": "house-model", "tier": "sonnet", "aliases": ["house"], "features": ["prefill"],
             "prices": {"input": "1", "output": "2", "cache_read": "0.1", "cache_write_5m": "1.25", "cache_write_1h": "2"}}]})",
      "mine.json");
  ASSERT_TRUE(table.has_value()) << table.error().log_detail;
  const ModelInfo& opus = *table->find("opus");
  EXPECT_EQ(opus.prices.input.value, 3'000'000);
  EXPECT_EQ(opus.prices.output.value, 15'000'000);
  EXPECT_EQ(opus.context_tokens, 1'000'000U) << "fields that the file does not name stay";
  EXPECT_TRUE(table->find("house")->has(ModelFeature::prefill));
  EXPECT_EQ(table->modifiers().inference_geo_permille.at("eu"), 1200);
  EXPECT_EQ(table->modifiers().inference_geo_permille.at("us"), 1100);
  EXPECT_EQ(table->modifiers().web_search.value, 12'000'000'000);
  EXPECT_EQ(PriceTable::builtin().find("opus")->prices.input.value, 4'000'000);
}

TEST(price_table, names_that_differ_only_at_their_beginning_are_told_apart) {
  const auto table = PriceTable::builtin().with_file(
      R"({"format":1,"models":[{"id":"claude-opus-5-5","aliases":["a-house-model","b","house-model"]},
                               {"id":"claude-haiku-5-5","aliases":["b-house-model","a","ab"]}]})",
      "test");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->find("a-house-model")->id, "claude-opus-5-5");
  EXPECT_EQ(table->find("b-house-model")->id, "claude-haiku-5-5");
  EXPECT_EQ(table->find("house-model")->id, "claude-opus-5-5");
  EXPECT_EQ(table->find("a")->id, "claude-haiku-5-5");
  EXPECT_EQ(table->find("ab")->id, "claude-haiku-5-5");
  EXPECT_EQ(table->find("b")->id, "claude-opus-5-5");
  EXPECT_EQ(table->find("c-house-model"), nullptr);
  EXPECT_EQ(table->find(""), nullptr);
  EXPECT_EQ(table->find({}), nullptr);  // without an address
}

TEST(price_table, a_bad_file_is_refused_with_its_key) {
  const std::string prices =
      R"("prices":{"input":"1","output":"2","cache_read":"0.1","cache_write_5m":"1","cache_write_1h":"2"})";
  const struct {
    std::string json;
    const char* says;
  } cases[] = {
      {"", "mine.json: file: is not valid JSON"},
      {"[]", "mine.json: file: must be an object"},
      {"{}", "format: must be 1"},
      {R"({"format":2})", "format: must be 1"},
      {R"({"format":1,"model":[]})", "model: is not a known key"},
      {R"({"format":1,"models":{}})", "models: must be a list"},
      {R"({"format":1,"models":[7]})", "models[0]: must be an object"},
      {R"({"format":1,"models":[{"tier":"x"}]})", "models[0].id: is missing"},
      {R"({"format":1,"models":[{"id":"x","tier":"y"}]})", "models[0].prices: is missing for the new model \"x\""},
      {R"({"format":1,"models":[{"id":"opus2",)" + prices + "}]}", "models[0].tier: is missing"},
      {R"({"format":1,"models":[{"id":"x","tier":"y","prices":{"input":"1"}}]})",
       "models[0].prices.output: is missing"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","prices":{"input":1.5}}]})",
       "models[0].prices.input: must be a decimal in quotes"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","prices":{"input":"-1"}}]})",
       "models[0].prices.input: must be a decimal"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","prices":{"input":"100001"}}]})",
       "models[0].prices.input: must be a decimal"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","context_tokens":-1}]})",
       "models[0].context_tokens: must be a whole number"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","geography":"yes"}]})",
       "models[0].geography: must be true or false"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","features":["telepathy"]}]})",
       "models[0].features: knows no feature \"telepathy\""},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","colour":"red"}]})", "models[0].colour: is not a known key"},
      {R"({"format":1,"models":[{"id":"claude-opus-5-5","aliases":["haiku"]}]})", "the name \"haiku\" belongs to both"},
      {R"({"format":1,"models":[{"id":"claude-haiku-5-5","steps":[{"above_prompt_tokens":5}]}]})",
       "models[0].steps[0]: needs"},
      {R"({"format":1,"models":[{"id":"claude-haiku-5-5","steps":[{"above_prompt_tokens":5,)" + prices +
           R"(},{"above_prompt_tokens":5,)" + prices + "}]}]}",
       "models[0].steps: must be in ascending order"},
      {R"({"format":1,"families":[{"contains":"opus"}]})", "families[0]: needs contains and priced_as"},
      {R"({"format":1,"families":[{"contains":"","priced_as":"nobody"}]})",
       "families: priced_as names the unknown model \"nobody\""},
      {R"({"format":1,"families":[{"contains":"opus","priced_as":"opus"}]})",
       "families: the last one must contain \"\""},
      {R"({"format":1,"modifiers":{"service_tier":{"gold":"101"}}})", "modifiers.service_tier.gold: must be a decimal"},
      {R"({"format":1,"modifiers":{"tax":"1"}})", "modifiers.tax: is not a known key"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json);
    const auto table = PriceTable::builtin().with_file(c.json, "mine.json");
    ASSERT_FALSE(table.has_value());
    EXPECT_EQ(table.error().kind, ErrorKind::bad_config);
    EXPECT_THAT(table.error().client_text, HasSubstr(c.says));
    EXPECT_THAT(table.error().client_text, testing::StartsWith("mine.json: "));
  }
}

TEST(price_table, a_file_of_absurd_size_is_refused_before_it_is_parsed) {
  const auto table = PriceTable::builtin().with_file(std::string((4U << 20U) + 1, ' '), "mine.json");
  ASSERT_FALSE(table.has_value());
  EXPECT_THAT(table.error().client_text, HasSubstr("larger than 4 MB"));
}

}  // namespace
}  // namespace distiq
