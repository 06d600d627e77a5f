#include "routing/account_bank.h"

#include <gtest/gtest.h>

namespace distiq {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime kDay{std::chrono::milliseconds(1'795'000'000'000)};
constexpr MonotonicTime kNow{hours(100)};
constexpr std::int64_t kCent = 10'000'000'000;

WorldMoney money(std::int64_t actual, std::int64_t untouched) {
  return {.actual = {actual * kCent}, .untouched = {untouched * kCent}};
}

TEST(AccountBanks, add_up_what_each_account_saved_and_lost) {
  AccountBanks banks;
  banks.book("me", money(10, 30), kDay);
  banks.book("me", money(8, 3), kDay);
  banks.book("you", money(1, 2), kDay);
  EXPECT_EQ(banks.view("me", "", kNow, kDay).balance.value, 15 * kCent);
  EXPECT_EQ(banks.view("me", "", kNow, kDay).day_bill.value, 18 * kCent);
  EXPECT_EQ(banks.view("you", "", kNow, kDay).balance.value, kCent);
  EXPECT_EQ(banks.view("nobody", "", kNow, kDay).balance.value, 0);
}

TEST(AccountBanks, holds_count_for_other_lanes_until_the_lane_is_cold_or_back) {
  AccountBanks banks;
  banks.book("me", money(0, 10), kDay);
  banks.hold("me", "a", {4 * kCent}, kNow + minutes(5));
  banks.hold("me", "b", {3 * kCent}, kNow + minutes(60));
  EXPECT_EQ(banks.view("me", "c", kNow, kDay).available().value, 3 * kCent);
  EXPECT_EQ(banks.view("me", "a", kNow, kDay).available().value, 7 * kCent);
  EXPECT_EQ(banks.available("me", "a", kNow).value, 7 * kCent);
  EXPECT_EQ(banks.available("nobody", "a", kNow).value, 0);
  EXPECT_EQ(banks.view("me", "c", kNow + minutes(6), kDay).available().value, 7 * kCent);
  banks.hold("me", "a", {5 * kCent}, kNow + minutes(5));  // replaces the first
  EXPECT_EQ(banks.view("me", "c", kNow, kDay).available().value, 2 * kCent);
  banks.hold("me", "a", {}, kNow);
  banks.hold("me", "b", {}, kNow);
  EXPECT_EQ(banks.view("me", "c", kNow, kDay).available().value, 10 * kCent);
}

TEST(AccountBanks, too_many_holds_are_merged_never_forgotten) {
  AccountBanks banks;
  for (int i = 0; i < 200; ++i) banks.hold("me", std::to_string(i), {kCent}, kNow + minutes(i + 1));
  EXPECT_EQ(banks.view("me", "", kNow, kDay).at_risk.value, 200 * kCent);
}

TEST(AccountBanks, a_new_day_starts_a_new_bill_and_teaches_the_usual_one) {
  AccountBanks banks;
  EXPECT_EQ(banks.view("me", "", kNow, kDay).usual_day_bill, kFirstDayBill);
  banks.book("me", money(500, 500), kDay);
  const WallTime tomorrow = kDay + hours(24);
  EXPECT_EQ(banks.view("me", "", kNow, tomorrow).day_bill.value, 0);
  banks.book("me", money(7, 7), tomorrow);
  const AccountBank bank = banks.view("me", "", kNow, tomorrow);
  EXPECT_EQ(bank.day_bill.value, 7 * kCent);
  EXPECT_EQ(bank.usual_day_bill.value, (100 + (500 - 100) / 4) * kCent);
}

TEST(AccountBanks, of_a_saving_only_what_extra_steps_would_leave_is_certain) {
  EXPECT_EQ(cautious(money(1, 6), 1.5), money(1, 4));
  EXPECT_EQ(cautious(money(5, 6), 1.5), money(5, 4)) << "less than it cost";
  EXPECT_EQ(cautious(money(6, 5), 1.5), money(6, 5)) << "a loss counts in full";
  EXPECT_EQ(cautious(money(1, 6), 1), money(1, 6));
}

TEST(AccountBanks, survive_a_restart_and_forget_the_account_unused_longest) {
  AccountBanks banks;
  banks.book("me", money(1, 5), kDay);
  AccountBanks again;
  again.restore(banks.rows());
  EXPECT_EQ(again.rows(), banks.rows());
  for (std::size_t i = 0; i < AccountBanks::kMaxAccounts; ++i) again.book(std::to_string(i), money(0, 1), kDay);
  EXPECT_EQ(again.rows().size(), AccountBanks::kMaxAccounts);
  EXPECT_EQ(again.view("me", "", kNow, kDay).balance.value, 0);
}

}  // namespace
}  // namespace distiq
