#include "http/repeated_head.h"

#include <gtest/gtest.h>

#include <cctype>

namespace distiq {
namespace {

const std::string head = "POST /v1/messages HTTP/1.1\r\nHost: a\r\ncontent-length: 1024\r\nX: y\r\n\r\n";
constexpr std::size_t digits_at = 53;

RepeatedHead remembered(const std::string& text = head, std::size_t at = digits_at, std::size_t digits = 4) {
  RepeatedHead repeated;
  repeated.remember(text, std::string_view(text).substr(at, digits));
  return repeated;
}

TEST(RepeatedHead, knows_the_same_head_with_whatever_number_of_as_many_digits) {
  const RepeatedHead repeated = remembered();
  ASSERT_EQ(head.substr(digits_at, 4), "1024");
  for (const std::uint64_t length : {1024, 1000, 9999, 2024}) {
    std::string again = head;
    again.replace(digits_at, 4, std::to_string(length));
    again += "body";
    const auto match = repeated.match(again);
    ASSERT_TRUE(match) << length;
    EXPECT_EQ(match->size, head.size());
    EXPECT_EQ(match->length, length);
    EXPECT_EQ(match->digits, std::to_string(length));
  }
}

TEST(RepeatedHead, another_byte_anywhere_is_another_head) {
  const RepeatedHead repeated = remembered();
  for (std::size_t at = 0; at < head.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = head;
      other[at] = static_cast<char>(byte);
      const bool is_digit = at >= digits_at && at < digits_at + 4 && std::isdigit(byte) != 0;
      const bool is_number = is_digit && !(at == digits_at && byte == '0');
      EXPECT_EQ(repeated.match(other).has_value(), other == head || is_number) << at << ' ' << byte;
    }
  }
}

TEST(RepeatedHead, a_number_of_more_or_fewer_digits_is_another_head) {
  const RepeatedHead repeated = remembered();
  for (const char* length : {"102", "10240", "+024", " 024", "01024", ""}) {
    std::string other = head;
    other.replace(digits_at, 4, length);
    EXPECT_FALSE(repeated.match(other)) << length;
  }
}

TEST(RepeatedHead, a_part_of_the_head_is_not_the_head) {
  const RepeatedHead repeated = remembered();
  for (std::size_t size = 0; size < head.size(); ++size) EXPECT_FALSE(repeated.match(head.substr(0, size))) << size;
}

TEST(RepeatedHead, what_is_not_fit_to_be_known_again_is_not_remembered) {
  const auto with_length = [](std::string_view length) {
    std::string text = head;
    return std::pair{text.replace(digits_at, 4, length), length.size()};
  };
  for (const char* length : {"0", "0024", "12a4", "1, 1", "1234567890123456789", ""}) {
    const auto [text, size] = with_length(length);
    EXPECT_FALSE(remembered(text, digits_at, size).match(text)) << length;
  }
  const auto [longest, digits] = with_length("123456789012345678");
  EXPECT_TRUE(remembered(longest, digits_at, digits).match(longest));
  const std::string large = head.substr(0, head.size() - 2) + "Y: " + std::string(8 * 1024, 'y') + "\r\n\r\n";
  EXPECT_FALSE(remembered(large).match(large));
}

TEST(RepeatedHead, only_the_last_head_is_known) {
  const std::string other = "PUT" + head.substr(4);
  RepeatedHead repeated = remembered();
  repeated.remember(other, std::string_view(other).substr(digits_at - 1, 4));
  EXPECT_FALSE(repeated.match(head));
  EXPECT_TRUE(repeated.match(other));
  repeated.forget();
  EXPECT_FALSE(repeated.match(other));
}

}  // namespace
}  // namespace distiq
