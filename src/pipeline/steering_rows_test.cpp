#include "pipeline/steering_rows.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

LaneRow some_lane() {
  LaneRow row;
  row.state = {.lane_id = "0123456789abcdef",
               .session_id = "s-1",
               .account = "aa",
               .request_class = RequestClass::sub_agent,
               .requested = "claude-opus-5-5",
               .serving = "claude-haiku-5-5",
               .requested_effort = "medium",
               .serving_effort = "",
               .ttl = CacheTtl::one_hour,
               .prompt_tokens = 12'345,
               .requests = 3,
               .past_lives = 2,
               .human_turns = 2,
               .escalated = true,
               .money = {.actual = PicoUsd{-5}, .untouched = PicoUsd{7}},
               .return_penalty = PicoUsd{9}};
  row.last_use = WallTime(std::chrono::milliseconds(1'795'000'000'000));
  return row;
}

TEST(SteeringRows, a_lane_comes_back_as_it_was) {
  const LaneRow before = some_lane();
  const auto after = lane_from_line(lane_line(before));
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(lane_line(*after), lane_line(before));
  EXPECT_EQ(after->state.serving, "claude-haiku-5-5");
  EXPECT_EQ(after->state.request_class, RequestClass::sub_agent);
  EXPECT_EQ(after->state.money, before.state.money);
  EXPECT_TRUE(after->state.escalated);
  EXPECT_EQ(after->state.past_lives, 2u);
  EXPECT_FALSE(after->state.refused_below);
  EXPECT_EQ(after->last_use, before.last_use);
}

TEST(SteeringRows, what_is_no_identifier_is_not_kept) {
  for (const char* text : {"tab\there", "line\nbreak", "a space", "\xff"}) {
    LaneRow row = some_lane();
    row.state.requested = text;
    EXPECT_EQ(lane_line(row), "") << text;
  }
}

TEST(SteeringRows, a_damaged_line_is_refused_at_every_cut) {
  const std::string line = lane_line(some_lane());
  for (std::size_t size = 0; size < line.rfind('\t'); ++size) {
    EXPECT_FALSE(lane_from_line(line.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(lane_from_line(line + "\t1").has_value());
}

TEST(SteeringRows, banks_and_numbers_come_back) {
  const AccountBankRow bank{.account = "aa", .balance = PicoUsd{-3}, .day_bill = PicoUsd{4}, .day = 20'000};
  EXPECT_EQ(bank_from_line(bank_line(bank)), bank);
  EXPECT_FALSE(bank_from_line("aa\tx\t1\t1").has_value());
  EXPECT_EQ(numbers_from_line(numbers_line({1, 2.5, 0})), (std::vector<double>{1, 2.5, 0}));
  EXPECT_TRUE(numbers_from_line("").empty());
  EXPECT_TRUE(numbers_from_line("1\tx").empty());
}

}  // namespace
}  // namespace distiq
