// What an account has really saved, and what of it is not safe yet: the pot from which a placement's risk is covered.
// Money only; no I/O. One owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "routing/lane_state.h"

namespace distiq {

// The smaller model may have needed `kappa` times the requests that the one asked for would have: what it saved for
// certain is less. Losses count in full.
[[nodiscard]] WorldMoney cautious(const WorldMoney& request, double kappa);

// What decide_route may count on.
struct AccountBank {
  PicoUsd balance{};         // realised savings minus losses
  PicoUsd at_risk{};         // return penalties of the account's other lanes that are open
  PicoUsd day_bill{};        // spent today
  PicoUsd usual_day_bill{};  // of the days before

  [[nodiscard]] PicoUsd available() const { return balance - at_risk; }
};

// Before any day is over. An active day of one developer costs several times as much.
inline constexpr PicoUsd kFirstDayBill{1'000'000'000'000};

struct AccountBankRow {
  std::string account;
  PicoUsd balance{};
  PicoUsd day_bill{};
  PicoUsd usual_day_bill = kFirstDayBill;  // running mean over days with requests
  std::int64_t day = 0;                    // days since 1970

  bool operator==(const AccountBankRow&) const = default;
};

// Banks of the accounts seen last; the one unused longest goes when there are too many.
class AccountBanks {
 public:
  static constexpr std::size_t kMaxAccounts = 256;
  static constexpr std::size_t kMaxHolds = 64;  // per account

  [[nodiscard]] AccountBank view(std::string_view account, std::string_view but_lane, MonotonicTime now,
                                 WallTime wall) const;
  // view().available(), which is the same on every day.
  [[nodiscard]] PicoUsd available(std::string_view account, std::string_view but_lane, MonotonicTime now) const;
  void book(std::string_view account, const WorldMoney& request, WallTime wall);
  // A lane's return penalty, until its cache would be cold untouched as well. Zero: the lane is back or gone.
  void hold(std::string_view account, std::string_view lane, PicoUsd penalty, MonotonicTime until);

  [[nodiscard]] std::vector<AccountBankRow> rows() const;
  void restore(const std::vector<AccountBankRow>& rows);

 private:
  struct Hold {
    std::string lane;
    PicoUsd penalty;
    MonotonicTime until;
  };
  struct Account {
    AccountBankRow row;
    std::vector<Hold> holds{};
    std::uint64_t used = 0;

    [[nodiscard]] PicoUsd at_risk(std::string_view but_lane, MonotonicTime now) const;
  };
  [[nodiscard]] const Account* find(std::string_view account) const;
  Account& open(std::string_view account);

  std::vector<Account> accounts_;
  std::uint64_t uses_ = 0;
};

}  // namespace distiq
