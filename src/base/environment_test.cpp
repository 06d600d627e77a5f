#include "base/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace distiq {
namespace {

TEST(Environment, finds_what_the_process_has) {
  ::setenv("DISTIQ_TEST_VALUE", "a=b", 1);
  const auto environment = Environment::of_process();
  ::unsetenv("DISTIQ_TEST_VALUE");
  EXPECT_EQ(environment.find("DISTIQ_TEST_VALUE"), "a=b");
  EXPECT_FALSE(environment.find("DISTIQ_TEST_MISSING").has_value());
}

TEST(Environment, home_falls_back_to_the_user_database) {
  const std::string before = ::getenv("HOME") == nullptr ? "" : ::getenv("HOME");
  ::unsetenv("HOME");
  const auto environment = Environment::of_process();
  if (!before.empty()) ::setenv("HOME", before.c_str(), 1);
  EXPECT_FALSE(environment.home().empty());
}

TEST(Environment, an_injected_map_is_all_there_is) {
  const Environment environment(std::map<std::string, std::string, std::less<>>{{"HOME", "/h"}});
  EXPECT_EQ(environment.home(), "/h");
  EXPECT_FALSE(environment.find("PATH").has_value());
}

}  // namespace
}  // namespace distiq
