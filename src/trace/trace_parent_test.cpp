#include "trace/trace_parent.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParentTest, the_example_of_the_specification) {
  const auto parent = parse_traceparent(good);
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(parent->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parent->parent_id, "00f067aa0ba902b7");
  EXPECT_TRUE(parent->sampled);
}

TEST(TraceParentTest, only_the_lowest_flag_says_sampled) {
  const std::string ids(good.substr(0, 53));
  EXPECT_FALSE(parse_traceparent(ids + "00")->sampled);
  EXPECT_FALSE(parse_traceparent(ids + "fe")->sampled);
  EXPECT_TRUE(parse_traceparent(ids + "ff")->sampled);
}

TEST(TraceParentTest, a_later_version_may_be_longer) {
  const std::string later = "cc" + std::string(good.substr(2));
  EXPECT_TRUE(parse_traceparent(later).has_value());
  EXPECT_TRUE(parse_traceparent(later + "-what-the-future-brings").has_value());
  EXPECT_TRUE(parse_traceparent(later + "-" + std::string(1'000'000, 'x')).has_value());
  EXPECT_FALSE(parse_traceparent(later + ".x").has_value());
}

TEST(TraceParentTest, what_is_invalid) {
  const std::string text(good);
  const auto with = [&](std::size_t at, std::string_view piece) {
    std::string changed = text;
    return changed.replace(at, piece.size(), piece);
  };
  for (const std::string& bad :
       {std::string(), text + "-00", text + " ", " " + text, with(0, "ff"), with(0, "0g"), with(2, "_"), with(35, "0"),
        with(52, "0"), with(3, "4BF9"), with(3, std::string(32, '0')), with(36, std::string(16, '0')), with(36, "-"),
        with(53, "0x"), with(53, "0A"), with(10, std::string_view("\0", 1)), text + "," + text}) {
    EXPECT_FALSE(parse_traceparent(bad).has_value()) << bad;
  }
}

TEST(TraceParentTest, every_beginning_of_a_valid_one_is_invalid) {
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_traceparent(good.substr(0, size))) << size;
}

TEST(TraceParentTest, every_other_byte_at_every_place_is_refused_or_kept_as_it_is) {
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(good);
      text[at] = static_cast<char>(byte);
      const auto parent = parse_traceparent(text);
      const bool hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
      const bool dash = at == 2 || at == 35 || at == 52;
      EXPECT_EQ(parent.has_value(), dash ? byte == '-' : hex) << at << " " << byte;
      if (!parent) continue;
      EXPECT_EQ(parent->trace_id + parent->parent_id, text.substr(3, 32) + text.substr(36, 16));
    }
  }
}

}  // namespace
}  // namespace distiq
