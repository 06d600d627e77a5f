#include "base/find_either.h"

#include <gtest/gtest.h>

#include <string>

namespace distiq {
namespace {

TEST(FindEither, finds_the_first_of_both_at_every_place_and_length) {
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string text(size, 'x');
    EXPECT_EQ(find_either(text, '"', '\\'), size);
    for (std::size_t at = 0; at < size; at += 7) {
      for (const char c : {'"', '\\'}) {
        std::string one = text;
        one[at] = c;
        EXPECT_EQ(find_either(one, '"', '\\'), at);
        for (std::size_t behind = at; behind < size; behind += 61) {
          std::string two = one;
          two[behind] = behind == at ? c : '"';
          EXPECT_EQ(find_either(two, '"', '\\'), at) << size << " " << behind;
          two[behind] = behind == at ? c : '\\';
          EXPECT_EQ(find_either(two, '"', '\\'), at) << size << " " << behind;
        }
      }
    }
  }
}

}  // namespace
}  // namespace distiq
