#include "openai/model_names.h"

#include <gtest/gtest.h>

#include "openai/model_list.h"

namespace distiq {
namespace {

const PriceTable& table() {
  return PriceTable::builtin();
}

TEST(ModelMap, first_that_fits_counts_and_stars_stand_for_any_text) {
  const auto map = ModelMap::parse(" gpt-5*=opus , *-mini = haiku,g*t*o*=claude-new-9,exact=sonnet", table());
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->find("gpt-5-mini"), "opus");
  EXPECT_EQ(map->find("o4-mini"), "haiku");
  EXPECT_EQ(map->find("gxtyoz"), "claude-new-9");
  EXPECT_EQ(map->find("exact"), "sonnet");
  EXPECT_EQ(map->find("exactly"), std::nullopt);
  EXPECT_EQ(map->find("gto"), "claude-new-9");
  EXPECT_EQ(map->find(""), std::nullopt);
}

TEST(ModelMap, of_another_form) {
  for (const char* text : {"gpt", "=opus", "a=", "a=gemini", "a=opus,,", "a=opus,b"}) {
    EXPECT_FALSE(ModelMap::parse(text, table()).has_value()) << text;
  }
  EXPECT_EQ(ModelMap::parse("", table())->size(), 0u);
  EXPECT_TRUE(ModelMap::parse(default_model_map, table()).has_value());
}

TEST(ModelMap, many_stars_do_not_take_for_ever) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  const auto map = ModelMap::parse(pattern + "*b=opus", table());
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->find(std::string(128, 'a')), std::nullopt);
}

TEST(ForcedTools, never_dearer_never_a_higher_tier) {
  for (const ModelInfo& model : table().models()) {
    const ModelInfo* other = model_for_forced_tools(model, table());
    if (other == nullptr) continue;
    EXPECT_LE(other->prices.input, model.prices.input) << model.id;
    EXPECT_LE(other->prices.output, model.prices.output) << model.id;
    EXPECT_TRUE(other->has(ModelFeature::forced_tool_choice)) << model.id;
    EXPECT_FALSE(other->retired) << model.id;
  }
  EXPECT_EQ(model_for_forced_tools(*table().find("sonnet"), table())->id, "claude-sonnet-5");
}

RequestHead get(std::string target) {
  RequestHead head;
  head.method = "GET";
  head.target = std::move(target);
  return head;
}

TEST(ModelList, is_ours_without_anthropic_version_only) {
  EXPECT_TRUE(asks_openai_models(get("/v1/models")));
  EXPECT_TRUE(asks_openai_models(get("/v1/models?limit=5")));
  EXPECT_TRUE(asks_openai_models(get("/v1/models/opus")));
  EXPECT_FALSE(asks_openai_models(get("/v1/modelsx")));
  auto versioned = get("/v1/models");
  versioned.headers.add("Anthropic-Version", "2023-06-01");
  EXPECT_FALSE(asks_openai_models(versioned));
  auto post = get("/v1/models");
  post.method = "POST";
  EXPECT_FALSE(asks_openai_models(post));
}

TEST(ModelList, list_and_one) {
  const auto list = openai_models(get("/v1/models"), table());
  EXPECT_EQ(list.status, 200);
  EXPECT_TRUE(list.body.starts_with(R"({"object":"list","data":[{"id":")"));
  EXPECT_NE(list.body.find(R"("claude-opus-5-5")"), std::string::npos);
  EXPECT_EQ(list.body.find(R"("claude-3-5-haiku")"), std::string::npos) << "retired";
  EXPECT_EQ(openai_models(get("/v1/models/opus"), table()).body,
            R"({"id":"claude-opus-5-5","object":"model","created":0,"owned_by":"anthropic"})");
  EXPECT_EQ(openai_models(get("/v1/models/none"), table()).status, 404);
}

}  // namespace
}  // namespace distiq
