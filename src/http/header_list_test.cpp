#include "http/header_list.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(HeaderList, finds_the_first_of_repeated_names_in_any_case) {
  HeaderList list;
  list.add("X-One", "1");
  list.add("x-ONE", "2");
  EXPECT_EQ(list.find("x-one"), "1");
  EXPECT_EQ(list.find("x-two"), std::nullopt);
  EXPECT_EQ(list.get_or("x-two", "none"), "none");
  EXPECT_EQ(list.size(), 2u);
}

TEST(HeaderList, keeps_order_and_case) {
  HeaderList list;
  list.add("B", "1");
  list.add("a", "2");
  std::string seen;
  for (const auto [name, value] : list) seen.append(name).append(value);
  EXPECT_EQ(seen, "B1a2");
}

TEST(HeaderList, remove_takes_every_field_of_that_name_and_no_other) {
  HeaderList list;
  list.add("a", "1");
  list.add("A", "2");
  list.add("ab", "3");
  list.remove("a");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list.at(0).value, "3");
}

TEST(HeaderList, token_is_looked_for_in_every_field_and_not_inside_words) {
  HeaderList list;
  list.add("Connection", "keep-alive");
  list.add("connection", " Upgrade ,x-foo");
  EXPECT_TRUE(list.has_token("Connection", "upgrade"));
  EXPECT_TRUE(list.has_token("Connection", "X-Foo"));
  EXPECT_FALSE(list.has_token("Connection", "keep"));
  EXPECT_FALSE(list.has_token("Connection", "foo"));
}

}  // namespace
}  // namespace distiq
