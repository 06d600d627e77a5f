#include "base/tier.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(tier, every_name_reads_back) {
  for (const Tier tier : {Tier::haiku, Tier::sonnet, Tier::opus, Tier::fable}) {
    EXPECT_EQ(tier_from(to_string(tier)), tier);
  }
}

TEST(tier, other_names_are_none) {
  for (const std::string_view name : {"", "Haiku", "haiku ", "claude-haiku-4-5", "mythos"}) {
    EXPECT_EQ(tier_from(name), std::nullopt) << name;
  }
}

TEST(tier, ascends_with_ability) {
  EXPECT_LT(Tier::haiku, Tier::sonnet);
  EXPECT_LT(Tier::sonnet, Tier::opus);
  EXPECT_LT(Tier::opus, Tier::fable);
}

}  // namespace
}  // namespace distiq
