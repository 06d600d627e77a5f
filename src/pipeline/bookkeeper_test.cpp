#include "pipeline/bookkeeper.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(RateLimitFields, are_those_of_the_prefix_with_names_in_lower_case_and_values_as_they_came) {
  HeaderList answer;
  answer.add("content-type", "application/json");
  answer.add("anthropic-ratelimit-tokens-Remaining", "80000");
  answer.add("Anthropic-RateLimit-Requests-Reset", "2026-11-28T00:00:00Z");
  answer.add("anthropic-organization-id", "org");
  answer.add("anthropic-ratelimit-", "no name");
  EXPECT_EQ(rate_limit_fields(answer),
            (RateLimitFields{{"anthropic-ratelimit-tokens-remaining", "80000"},
                             {"anthropic-ratelimit-requests-reset", "2026-11-28T00:00:00Z"}}));
}

}  // namespace
}  // namespace distiq
