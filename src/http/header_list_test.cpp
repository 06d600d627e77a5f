#include "http/header_list.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

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

TEST(HeaderList, fields_of_one_text_are_added_behind_those_before) {
  HeaderList list;
  list.add("a", "1");
  {
    const std::string text = "Bee: 2\r\nC:\r\nbee:3";
    const std::string_view view = text;
    const std::array<HeaderList::Field, 2> first = {
        {{view.substr(0, 3), view.substr(5, 1)}, {view.substr(8, 1), view.substr(10, 0)}}};
    const std::array<HeaderList::Field, 1> second = {{{view.substr(12, 3), view.substr(16, 1)}}};
    list.add_all(view, first);
    list.add_all(view.substr(12), second);
  }
  std::string seen;
  for (const auto [name, value] : list) seen.append(name).append("=").append(value).append(";");
  EXPECT_EQ(seen, "a=1;Bee=2;C=;bee=3;");
  EXPECT_EQ(list.find("BEE"), "2");
  EXPECT_EQ(list.find("c"), "");
}

TEST(HeaderList, each_visits_every_field_of_that_name_in_order) {
  HeaderList list;
  list.add("Host", "1");
  list.add("Hast", "2");  // as long, with the same first and last letter
  list.add("hosT", "3");
  std::string seen;
  list.each("HOST", [&](std::string_view value) { seen += value; });
  EXPECT_EQ(seen, "13");
  EXPECT_EQ(list.find("hast"), "2");
}

TEST(equals_ignore_case, holds_for_letters_only_at_every_length_and_place) {
  constexpr std::string_view low = "the-quick_brown.fox~jumps^over";
  constexpr std::string_view up = "THE-QUICK_BROWN.FOX~JUMPS^OVER";
  for (std::size_t size = 0; size <= low.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_TRUE(equals_ignore_case(low.substr(0, size), up.substr(0, size)));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other(up.substr(0, size));
      other[at] ^= 0x01;
      EXPECT_FALSE(equals_ignore_case(low.substr(0, size), other)) << at;
    }
  }
  // One bit apart as "A" and "a" are, and no letters.
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const std::string one(9, static_cast<char>(c));
    const std::string other(9, static_cast<char>(c ^ 0x20));
    EXPECT_EQ(equals_ignore_case(one, other), letter) << c;
    EXPECT_EQ(equals_ignore_case(one.substr(0, 3), other.substr(0, 3)), letter) << c;
  }
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
