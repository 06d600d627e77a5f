#include "promptcache/prompt_tokens.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "money/price_table.h"
#include "promptcache/prompt_for_test.h"

namespace distiq {
namespace {

const ModelInfo& model(std::string_view id) {
  return *PriceTable::builtin().find(id);
}

// user, then pairs of (thinking + call, result).
PromptMap loop_of(int steps) {
  std::string body = R"({"model":"m","messages":[{"role":"user","content":")" + text_of_tokens(1000) + "\"}";
  for (int i = 0; i < steps; ++i) {
    body +=
        fmt::format(R"(,{{"role":"assistant","content":[{{"type":"thinking","thinking":"","signature":"{0}"}},)"
                    R"({{"type":"tool_use","id":"t{0}","name":"Bash","input":{{"a":{0}}}}}]}},)"
                    R"({{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{0}","content":"{1}"}}]}})",
                    i, text_of_tokens(200));
  }
  return map_of(body + "]}");
}

class Learned {
 public:
  void learn_end(const PromptMap& map, std::string_view id, std::uint64_t tokens, std::uint64_t answered = 0) {
    const ModelPrompt prompt = prompt_for_model({"", &model(id)}, map, tokens_);
    const auto& place = prompt.places.back();
    tokens_.learn(map.positions.back().prefix_hash,
                  {.model = model_tag(model(id)),
                   .content = place.content,
                   .tokens = tokens,
                   .factor_permille = static_cast<std::uint32_t>(model(id).token_factor_permille),
                   .dropped = place.dropped});
    if (answered > 0) tokens_.learn_answer(map.positions.back().prefix_hash, model_tag(model(id)), answered);
  }
  TokenCount total(const PromptMap& map, std::string_view id) const {
    const ModelPrompt prompt = prompt_for_model({"", &model(id)}, map, tokens_);
    return PromptTokens(model(id), map, prompt, tokens_).total();
  }
  LearnedTokens tokens_{1000};
};

TEST(prompt_tokens, what_usage_told_is_known) {
  Learned learned;
  EXPECT_FALSE(learned.total(loop_of(0), "opus").known);
  learned.learn_end(loop_of(0), "opus", 1234);
  EXPECT_EQ(learned.total(loop_of(0), "opus").tokens, 1234U);
  EXPECT_TRUE(learned.total(loop_of(0), "opus").known);
}

TEST(prompt_tokens, models_of_one_tokenizer_share_counts_others_by_the_ratio) {
  Learned learned;
  learned.learn_end(loop_of(0), "opus", 1300);
  EXPECT_TRUE(learned.total(loop_of(0), "haiku").known);
  EXPECT_EQ(learned.total(loop_of(0), "haiku").tokens, 1300U);
  EXPECT_EQ(learned.total(loop_of(0), "claude-opus-4-6").tokens, 1000U);
  EXPECT_FALSE(learned.total(loop_of(0), "claude-opus-4-6").known);
}

TEST(prompt_tokens, an_answer_counts_as_long_as_it_was) {
  Learned learned;
  learned.learn_end(loop_of(0), "opus", 1300, 5000);
  const std::uint64_t grown = learned.total(loop_of(1), "opus").tokens;
  EXPECT_GT(grown, 1300U + 5000U);
  EXPECT_LT(grown, 1300U + 5000U + 600U);
}

TEST(prompt_tokens, thinking_that_a_model_drops_is_not_counted_for_it) {
  Learned learned;
  learned.learn_end(loop_of(0), "opus", 1300, 5000);
  const std::uint64_t sonnet = learned.total(loop_of(1), "sonnet").tokens;
  EXPECT_LT(sonnet, 2000U) << "Sonnet 5.5 does not read Opus 5.5's thinking";
  // What Sonnet's count grew by is what Opus' would have grown by.
  learned.learn_end(loop_of(1), "opus", 6500);
  learned.learn_end(loop_of(1), "sonnet", 1600, 400);
  learned.learn_end(loop_of(2), "sonnet", 2350);
  EXPECT_EQ(learned.total(loop_of(2), "opus").tokens, 6500U + 750U);
}

TEST(prompt_tokens, a_model_that_keeps_only_the_last_turns_thinking_drops_the_older) {
  const ModelInfo& sonnet = model("claude-sonnet-4-5");
  const LearnedTokens none(10);
  const auto places = [&](std::string_view extra) {
    const PromptMap map = map_of(fmt::format(
        R"({{"model":"m"{},"messages":[{{"role":"user","content":"a"}},{{"role":"assistant","content":[{{"type":"thinking","thinking":"x","signature":"s"}},{{"type":"text","text":"b"}}]}},{{"role":"user","content":"c"}},{{"role":"assistant","content":[{{"type":"thinking","thinking":"y","signature":"t"}}]}}]}})",
        extra));
    return prompt_for_model({"", &sonnet}, map, none).places.size();
  };
  EXPECT_EQ(places(""), 4U);
  EXPECT_EQ(places(R"(,"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]})"), 5U);
}

TEST(prompt_tokens, a_point_between_two_known_ones_lies_between_them) {
  Learned learned;
  learned.learn_end(loop_of(0), "opus", 1300);
  learned.learn_end(loop_of(2), "opus", 4000);
  const std::uint64_t middle = learned.total(loop_of(2), "opus").tokens;
  EXPECT_EQ(middle, 4000U);
  const PromptMap map = loop_of(2);
  const ModelPrompt prompt = prompt_for_model({"", &model("opus")}, map, learned.tokens_);
  const PromptTokens tokens(model("opus"), map, prompt, learned.tokens_);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < prompt.places.size(); ++i) {
    EXPECT_GE(tokens.up_to(i).tokens, before) << i;
    before = tokens.up_to(i).tokens;
  }
}

TEST(learned_tokens, density_follows_what_is_seen_and_stays_sane) {
  LearnedTokens learned(10);
  for (int i = 0; i < 50; ++i) learned.learn_density({{0, 0, 10'000}}, 4'000);
  EXPECT_NEAR(learned.density(PromptSection::messages), 0.4, 0.01);
  EXPECT_NEAR(learned.density(PromptSection::tools), 0.27, 0.01);
  for (int i = 0; i < 50; ++i) learned.learn_density({{0, 0, 10}}, 1e12);
  EXPECT_NEAR(learned.density(PromptSection::messages), 0.4, 0.01) << "no text is that dense";
  learned.learn_density({{0, 0, 0}}, 5);
}

TEST(learned_tokens, holds_at_most_its_capacity) {
  LearnedTokens learned(4);
  for (std::uint64_t i = 0; i < 100; ++i)
    learned.learn(i, {.model = 1, .content = 2, .tokens = 3, .factor_permille = 1});
  EXPECT_EQ(learned.size(), 4U);
  for (std::uint64_t i = 0; i < 10; ++i)
    learned.learn(99, {.model = i, .content = 2, .tokens = 3 + i, .factor_permille = 1});
  EXPECT_EQ(learned.find(99)->counts[0].tokens, 12U);
  EXPECT_EQ(learned.find(99)->counts[2].tokens, 10U);
}

}  // namespace
}  // namespace distiq
