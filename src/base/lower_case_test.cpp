#include "base/lower_case.h"

#include <gtest/gtest.h>

#include <string>

namespace distiq {
namespace {

// Each byte at each place of texts around the step, between letters of both cases.
TEST(LowerCase, changes_capital_letters_and_nothing_else_wherever_they_stand) {
  for (std::size_t size = 1; size <= 17; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'Z');
        std::string expected(size, 'z');
        text[at] = static_cast<char>(byte);
        expected[at] = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
        make_lower(text.data(), text.size());
        ASSERT_EQ(text, expected) << size << " " << at << " " << byte;
      }
    }
  }
}

TEST(LowerCase, of_part_of_a_text_leaves_the_rest) {
  std::string text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  make_lower(text.data() + 3, 0);
  make_lower(text.data() + 5, 11);
  EXPECT_EQ(text, "ABCDEfghijklmnopQRSTUVWXYZ");
}

}  // namespace
}  // namespace distiq
