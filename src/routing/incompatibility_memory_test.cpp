#include "routing/incompatibility_memory.h"

#include <gtest/gtest.h>

#include <array>

namespace distiq {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr MonotonicTime kStart{hours(100)};
constexpr std::array<std::string_view, 2> kFeatures = {"effort-2025-11-24", "system_messages"};

TEST(IncompatibilityMemory, speaks_against_model_and_feature_of_one_account_until_it_expires) {
  IncompatibilityMemory memory;
  memory.remember("me", "haiku", "system_messages", kStart, minutes(10));
  EXPECT_NE(memory.find("me", "haiku", kFeatures, kStart + minutes(9)), nullptr);
  EXPECT_EQ(memory.find("me", "haiku", kFeatures, kStart + minutes(10)), nullptr);
  EXPECT_EQ(memory.find("you", "haiku", kFeatures, kStart), nullptr);
  EXPECT_EQ(memory.find("me", "sonnet", kFeatures, kStart), nullptr);
  EXPECT_EQ(memory.find("me", "haiku", {}, kStart), nullptr) << "a request without that feature may go there";
}

TEST(IncompatibilityMemory, a_whole_model_is_out_whatever_the_request) {
  IncompatibilityMemory memory;
  memory.remember("me", "haiku", "", kStart, minutes(1));
  EXPECT_NE(memory.find("me", "haiku", {}, kStart), nullptr);
  EXPECT_NE(memory.find("me", "haiku", kFeatures, kStart), nullptr);
}

TEST(IncompatibilityMemory, failing_again_doubles_the_time_up_to_a_day) {
  IncompatibilityMemory memory;
  memory.remember("me", "haiku", "", kStart, minutes(10));
  memory.remember("me", "haiku", "", kStart + minutes(11), minutes(10));
  EXPECT_NE(memory.find("me", "haiku", {}, kStart + minutes(30)), nullptr);
  EXPECT_EQ(memory.find("me", "haiku", {}, kStart + minutes(31)), nullptr);
  for (int i = 0; i < 40; ++i) memory.remember("me", "haiku", "", kStart + minutes(31), minutes(10));
  EXPECT_NE(memory.find("me", "haiku", {}, kStart + hours(24)), nullptr);
  EXPECT_EQ(memory.find("me", "haiku", {}, kStart + hours(24) + minutes(31)), nullptr);
  // A day after its expiry all is forgiven.
  memory.remember("me", "haiku", "", kStart + hours(72), minutes(10));
  EXPECT_EQ(memory.find("me", "haiku", {}, kStart + hours(72) + minutes(10)), nullptr);
}

TEST(IncompatibilityMemory, is_bounded) {
  IncompatibilityMemory memory;
  for (int i = 0; i < 1000; ++i) memory.remember("me", "model" + std::to_string(i), "", kStart, hours(1));
  EXPECT_EQ(memory.size(), IncompatibilityMemory::kMaxEntries);
  EXPECT_EQ(memory.find("me", "model0", {}, kStart), nullptr);
  EXPECT_NE(memory.find("me", "model999", {}, kStart), nullptr);
}

}  // namespace
}  // namespace distiq
