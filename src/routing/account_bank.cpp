#include "routing/account_bank.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace distiq {
namespace {

std::int64_t day_of(WallTime wall) {
  return std::chrono::floor<std::chrono::days>(wall).time_since_epoch().count();
}

}  // namespace

WorldMoney cautious(const WorldMoney& request, double kappa) {
  if (request.saved() <= PicoUsd{}) return request;
  const PicoUsd certain{std::llround(static_cast<double>(request.untouched.value) / kappa)};
  return {.actual = request.actual, .untouched = certain};
}

const AccountBanks::Account* AccountBanks::find(std::string_view account) const {
  const auto it = std::ranges::find_if(accounts_, [&](const Account& a) { return a.row.account == account; });
  return it == accounts_.end() ? nullptr : &*it;
}

AccountBanks::Account& AccountBanks::open(std::string_view account) {
  const auto it = std::ranges::find_if(accounts_, [&](const Account& a) { return a.row.account == account; });
  if (it != accounts_.end()) {
    it->used = ++uses_;
    return *it;
  }
  if (accounts_.size() == kMaxAccounts) accounts_.erase(std::ranges::min_element(accounts_, {}, &Account::used));
  accounts_.push_back({.row = {.account = std::string(account)}, .used = ++uses_});
  return accounts_.back();
}

PicoUsd AccountBanks::Account::at_risk(std::string_view but_lane, MonotonicTime now) const {
  PicoUsd sum;
  for (const Hold& hold : holds) {
    if (hold.until > now && hold.lane != but_lane) sum += hold.penalty;
  }
  return sum;
}

AccountBank AccountBanks::view(std::string_view account, std::string_view but_lane, MonotonicTime now,
                               WallTime wall) const {
  AccountBank bank{.usual_day_bill = kFirstDayBill};
  const Account* found = find(account);
  if (found == nullptr) return bank;
  bank.usual_day_bill = found->row.usual_day_bill;
  bank.balance = found->row.balance;
  if (found->row.day == day_of(wall)) bank.day_bill = found->row.day_bill;
  bank.at_risk = found->at_risk(but_lane, now);
  return bank;
}

PicoUsd AccountBanks::available(std::string_view account, std::string_view but_lane, MonotonicTime now) const {
  const Account* found = find(account);
  return found == nullptr ? PicoUsd{} : found->row.balance - found->at_risk(but_lane, now);
}

void AccountBanks::book(std::string_view account, const WorldMoney& request, WallTime wall) {
  AccountBankRow& row = open(account).row;
  if (const std::int64_t day = day_of(wall); row.day != day) {
    constexpr std::int64_t remembered_days = 4;
    if (row.day != 0) {
      row.usual_day_bill += PicoUsd{(row.day_bill.value - row.usual_day_bill.value) / remembered_days};
    }
    row.day = day;
    row.day_bill = {};
  }
  row.balance += request.saved();
  row.day_bill += request.actual;
}

void AccountBanks::hold(std::string_view account, std::string_view lane, PicoUsd penalty, MonotonicTime until) {
  std::vector<Hold>& holds = open(account).holds;
  std::erase_if(holds, [&](const Hold& hold) { return hold.lane == lane; });
  if (penalty <= PicoUsd{}) return;
  if (holds.size() == kMaxHolds) {
    // The one that ends first is added to the next: a hold too long is on the safe side, one forgotten is not.
    const auto first = std::ranges::min_element(holds, {}, &Hold::until);
    penalty += first->penalty;
    holds.erase(first);
  }
  holds.push_back({.lane = std::string(lane), .penalty = penalty, .until = until});
}

std::vector<AccountBankRow> AccountBanks::rows() const {
  std::vector<AccountBankRow> rows;
  for (const Account& account : accounts_) rows.push_back(account.row);
  return rows;
}

void AccountBanks::restore(const std::vector<AccountBankRow>& rows) {
  for (const AccountBankRow& row : rows) open(row.account).row = row;
}

}  // namespace distiq
