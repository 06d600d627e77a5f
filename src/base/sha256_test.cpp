#include "base/sha256.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

// RFC 4231, test cases 2 and 6.
TEST(HmacSha256, is_the_standard_one) {
  EXPECT_EQ(HmacSha256(Secret("Jefe")).hex32({"what do ya want for nothing?"}), "5bdcc146bf60754e6a042426089575c7");
  EXPECT_EQ(
      HmacSha256(Secret(std::string(131, '\xaa'))).hex32({"Test Using Larger Than Block-Size Key - Hash Key First"}),
      "60e431591ee0b67f0d8a26aacbf5b77f");
}

TEST(HmacSha256, a_message_in_parts_is_the_message_and_leaves_the_key_as_it_was) {
  const HmacSha256 key(Secret("Jefe"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(key.hex32({"what do ya ", "", "want for nothing?"}), "5bdcc146bf60754e6a042426089575c7");
  }
}

TEST(Sha256, first_64_bits_are_the_digests_first_bytes) {
  Sha256 sha;
  sha.add("a");
  sha.add("bc");
  EXPECT_EQ(sha.finish_64(), 0xba7816bf8f01cfeaU);  // FIPS 180-2
}

}  // namespace
}  // namespace distiq
