#include "base/base64.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

TEST(Base64, the_examples_of_the_standard) {
  for (const auto& [plain, encoded] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    EXPECT_EQ(to_base64(plain), encoded);
  }
  EXPECT_EQ(to_base64(std::string_view("\0\xFF", 2)), "AP8=");
}

}  // namespace
}  // namespace distiq
