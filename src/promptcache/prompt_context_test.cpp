#include "promptcache/prompt_context.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace distiq {
namespace {

RequestHead head_with(std::initializer_list<std::string_view> beta_fields) {
  RequestHead head;
  head.headers.add("accept", "*/*");
  for (const auto field : beta_fields) head.headers.add("Anthropic-Beta", field);
  return head;
}

TEST(hash_betas, is_of_a_set_of_those_that_count) {
  const std::uint64_t two = hash_betas(head_with({"x-1,y-2"}));
  EXPECT_EQ(hash_betas(head_with({"y-2", "x-1"})), two) << "order, and how many fields";
  EXPECT_EQ(hash_betas(head_with({" x-1 ,\ty-2,, x-1"})), two) << "blanks and repetition";
  EXPECT_EQ(hash_betas(head_with({"x-1,y-2,oauth-2025-04-20,extended-cache-ttl-2025-04-11"})), two);
  EXPECT_NE(hash_betas(head_with({"x-1,y-3"})), two);
  EXPECT_NE(hash_betas(head_with({"x-1"})), two);
  EXPECT_EQ(hash_betas(head_with({})), hash_betas(head_with({"oauth-2025-04-20"})));
}

TEST(BetaHashes, says_what_hash_betas_says_however_often_it_is_asked) {
  BetaHashes hashes;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(hashes.of(head_with({})), hash_betas(head_with({})));
    EXPECT_EQ(hashes.of(head_with({"x-1", "y-2"})), hash_betas(head_with({"x-1,y-2"})));
    for (int i = 0; i < 20; ++i) {  // more than are remembered
      const std::string list = "x-" + std::to_string(i) + ",y";
      EXPECT_EQ(hashes.of(head_with({list})), hash_betas(head_with({list})));
      EXPECT_EQ(hashes.of(head_with({list})), hash_betas(head_with({list})));
    }
    const std::string too_long = std::string(5000, 'x') + std::to_string(round);
    EXPECT_EQ(hashes.of(head_with({too_long})), hash_betas(head_with({too_long})));
  }
}

}  // namespace
}  // namespace distiq
