#include "promptcache/lru_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>
#include <string>

namespace distiq {
namespace {

// The definition.
struct SimpleLru {
  std::size_t capacity;
  std::list<std::pair<std::uint64_t, int>> oldest_first{};

  int& touch(std::uint64_t key) {
    for (auto i = oldest_first.begin(); i != oldest_first.end(); ++i) {
      if (i->first != key) continue;
      oldest_first.splice(oldest_first.end(), oldest_first, i);
      return i->second;
    }
    if (oldest_first.size() == capacity) oldest_first.pop_front();
    return oldest_first.emplace_back(key, 0).second;
  }
  void erase(std::uint64_t key) {
    oldest_first.remove_if([key](const auto& item) { return item.first == key; });
  }
  [[nodiscard]] bool holds(std::uint64_t key) const {
    return std::ranges::any_of(oldest_first, [key](const auto& item) { return item.first == key; });
  }
};

TEST(LruMap, does_what_the_definition_says_through_any_sequence) {
  std::mt19937 random(3);  // NOLINT: the same sequence every time
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{50}}) {
    LruMap<int> map(capacity);
    SimpleLru simple{.capacity = capacity};
    for (int step = 0; step < 5'000; ++step) {
      const std::uint64_t key = (random() % (capacity * 2 + 1)) * 0x9e3779b97f4a7c15;  // spread as hashes are
      if (random() % 4 == 0) {
        map.erase(key);
        simple.erase(key);
      } else {
        const bool is_new = !simple.holds(key);
        const auto touched = map.touch(key);
        EXPECT_EQ(touched.is_new, is_new);
        EXPECT_EQ(touched.value, simple.touch(key)) << "a new entry is empty, an old one keeps its value";
        map.touch(key).value = step;
        simple.touch(key) = step;
      }
      ASSERT_EQ(map.size(), simple.oldest_first.size());
      const std::uint64_t other = (random() % (capacity * 2 + 1)) * 0x9e3779b97f4a7c15;
      EXPECT_EQ(map.find(other) != nullptr, simple.holds(other));
      auto wanted = simple.oldest_first.begin();
      map.oldest_first([&](std::uint64_t held, int value) {
        ASSERT_NE(wanted, simple.oldest_first.end());
        EXPECT_EQ(held, wanted->first);
        EXPECT_EQ(value, wanted->second);
        EXPECT_EQ(map.find(held) == nullptr ? -1 : *map.find(held), value);
        ++wanted;
      });
      EXPECT_EQ(wanted, simple.oldest_first.end());
    }
  }
}

TEST(LruMap, holds_one_entry_where_none_was_allowed) {
  LruMap<std::string> map(0);
  map.touch(1).value = "one";
  EXPECT_EQ(*map.find(1), "one");
  map.touch(2).value = "two";
  EXPECT_EQ(map.find(1), nullptr);
  EXPECT_EQ(map.size(), 1U);
}

}  // namespace
}  // namespace distiq
