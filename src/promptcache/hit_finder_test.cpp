#include "promptcache/hit_finder.h"

#include <gtest/gtest.h>

#include "money/price_table.h"
#include "promptcache/prompt_for_test.h"

namespace distiq {
namespace {

// Five messages of about 1000 tokens, a breakpoint on the last.
class HitFinder : public testing::Test {
 protected:
  HitFinder() {
    std::string body = R"({"model":"m","cache_control":{"type":"ephemeral"},"messages":[)";
    for (int i = 0; i < 5; ++i)
      body += std::string(i == 0 ? "" : ",") + R"({"role":"user","content":")" + text_of_tokens(1000) + "\"}";
    map = map_of(body + "]}");
    prompt = prompt_for_model({"a", &opus}, map, learned);
  }
  FoundHit find(CacheHit expected, std::uint64_t read) const {
    return find_true_hit(prompt, {opus, map, prompt, learned}, expected, read);
  }
  std::uint64_t estimate(std::uint32_t place) const {
    return PromptTokens(opus, map, prompt, learned).up_to(place).tokens;
  }
  void learn(std::uint32_t place, std::uint64_t tokens) {
    learned.learn(map.positions[place].prefix_hash,
                  {.model = 1, .content = prompt.places[place].content, .tokens = tokens, .factor_permille = 1300});
  }

  const ModelInfo& opus = *PriceTable::builtin().find("opus");
  LearnedTokens learned{100};
  PromptMap map;
  ModelPrompt prompt;
};

TEST_F(HitFinder, nothing_read_is_no_hit) {
  EXPECT_EQ(find(2U, 0).hit, std::nullopt);
  EXPECT_TRUE(find(2U, 0).is_certain);
}

TEST_F(HitFinder, a_known_count_names_its_place_whatever_was_expected) {
  learn(1, 2222);
  learn(3, 4444);
  for (const CacheHit expected : {CacheHit{}, CacheHit{1U}, CacheHit{3U}}) {
    EXPECT_EQ(find(expected, 2222).hit, 1U);
    EXPECT_EQ(find(expected, 4444).hit, 3U);
    EXPECT_TRUE(find(expected, 4444).is_certain);
  }
}

TEST_F(HitFinder, an_estimate_that_is_near_is_the_expected_place) {
  const FoundHit found = find(2U, estimate(2) * 108 / 100);
  EXPECT_EQ(found.hit, 2U);
  EXPECT_TRUE(found.is_certain);
}

TEST_F(HitFinder, the_expected_place_is_believed_as_far_as_known_counts_leave_room_for_it) {
  learn(1, 2000);
  learn(4, 9000);
  for (const std::uint64_t read : {2001U, 5000U, 8999U}) {
    EXPECT_EQ(find(2U, read).hit, 2U) << "whatever its bytes seem to be";
    EXPECT_TRUE(find(2U, read).is_certain);
  }
  for (const std::uint64_t read : {1500U, 9500U}) {
    EXPECT_NE(find(2U, read).hit, 2U) << "shorter than what it holds, or longer than what holds it";
  }
}

TEST_F(HitFinder, a_surprise_is_the_nearest_place_and_not_certain) {
  const FoundHit found = find(CacheHit{}, estimate(2) + 10);
  EXPECT_EQ(found.hit, 2U);
  EXPECT_FALSE(found.is_certain);
}

TEST_F(HitFinder, a_count_that_fits_nowhere_is_nowhere) {
  EXPECT_EQ(find(CacheHit{}, estimate(2) + estimate(0) / 2).hit, std::nullopt);
  EXPECT_EQ(find(CacheHit{}, 1'000'000).hit, std::nullopt);
}

}  // namespace
}  // namespace distiq
