#include "pipeline/account_links.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(AccountLinks, a_refreshed_token_stays_the_account_of_its_session) {
  AccountLinks links;
  EXPECT_EQ(links.resolve("s1", "old"), "old");
  EXPECT_EQ(links.resolve("s1", "new"), "old");
  EXPECT_EQ(links.resolve("s2", "new"), "old") << "other sessions come with the new token, too";
  EXPECT_EQ(links.resolve("s1", "newer"), "old");
  EXPECT_EQ(links.resolve("s3", "other"), "other");
}

TEST(AccountLinks, requests_without_a_session_keep_theirs) {
  AccountLinks links;
  EXPECT_EQ(links.resolve("", "a"), "a");
  EXPECT_EQ(links.resolve("", "b"), "b");
}

TEST(AccountLinks, is_bounded) {
  AccountLinks links(2);
  for (int i = 0; i < 100; ++i) (void)links.resolve("s" + std::to_string(i), "a" + std::to_string(i));
  EXPECT_EQ(links.resolve("s0", "x"), "x") << "forgotten";
  EXPECT_EQ(links.resolve("s99", "y"), "a99");
}

}  // namespace
}  // namespace distiq
