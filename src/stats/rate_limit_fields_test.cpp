#include "stats/rate_limit_fields.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(RateLimitFields, keep_names_in_lower_case_and_values_as_they_came_in_their_order) {
  RateLimitFields fields;
  EXPECT_TRUE(fields.empty());
  fields.add("Anthropic-A", "Some Value");
  fields.add("anthropic-B", "");
  fields.add("known", "x");
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0], (RateLimitFields::Field{"anthropic-a", "Some Value"}));
  EXPECT_EQ(fields[1], (RateLimitFields::Field{"anthropic-b", ""}));
  EXPECT_EQ(fields[2], (RateLimitFields::Field{"known", "x"}));
  EXPECT_EQ(fields, (RateLimitFields{{"ANTHROPIC-a", "Some Value"}, {"anthropic-b", ""}, {"known", "x"}}));
  // The same letters, cut elsewhere.
  EXPECT_NE((RateLimitFields{{"ab", "c"}}), (RateLimitFields{{"a", "bc"}}));
}

}  // namespace
}  // namespace distiq
