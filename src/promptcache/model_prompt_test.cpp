#include "promptcache/model_prompt.h"

#include <gtest/gtest.h>

#include "money/price_table.h"
#include "promptcache/prompt_for_test.h"

namespace distiq {
namespace {

const ModelInfo& model(std::string_view id) {
  return *PriceTable::builtin().find(id);
}

// The human's words, an answer with hidden thinking, a tool's result.
PromptMap loop_step() {
  return map_of(R"({"model":"claude-opus-5-5","messages":[{"role":"user","content":"do"},
    {"role":"assistant","content":[{"type":"redacted_thinking","data":"x"},
                                   {"type":"tool_use","id":"t","name":"Read","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"done"}]}]})");
}

TEST(model_prompts, a_prompt_is_read_once_per_model_and_account) {
  const LearnedTokens nothing(8);
  ModelPrompts prompts(map_of(R"({"model":"claude-opus-5-5","messages":[{"role":"user","content":"hi"}]})"));
  const ModelPrompt* const first = &prompts.on({"a", &model("opus")}, nothing);
  EXPECT_EQ(&prompts.on({"a", &model("opus")}, nothing), first);
  EXPECT_NE(prompts.on({"a", &model("haiku")}, nothing).places[0].key, first->places[0].key);
  EXPECT_NE(prompts.on({"b", &model("opus")}, nothing).places[0].key, first->places[0].key);
  EXPECT_EQ(&prompts.on({"a", &model("opus")}, nothing), first) << "still known";
}

TEST(model_prompts, thinking_is_read_anew_when_its_maker_has_become_known) {
  LearnedTokens learned(8);
  const PromptMap map = loop_step();
  const ModelInfo& reader = model("opus");
  ASSERT_FALSE(reader.drops_thinking_of.empty());
  ModelPrompts prompts(map);
  const ModelPrompt* const before = &prompts.on({"a", &reader}, learned);
  EXPECT_TRUE(before->rests_on_makers);
  EXPECT_EQ(before->places.size(), map.positions.size()) << "a maker who is not known counts as read";
  EXPECT_EQ(&prompts.on({"a", &reader}, learned), before);

  learned.learn_answer(map.positions[0].prefix_hash, model_tag(model(reader.drops_thinking_of[0])), 9);
  const ModelPrompt* const after = &prompts.on({"a", &reader}, learned);
  EXPECT_EQ(after->places.size(), map.positions.size() - 1);
  EXPECT_EQ(before->places.size(), map.positions.size()) << "who holds the former reading keeps it";
}

}  // namespace
}  // namespace distiq
