// Rate limits as token buckets per account, and the headers that tell about them. The caller serialises access.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "wire/http_message.h"

namespace sim {

struct RateLimits {
  std::int64_t requests_per_minute = 4000;
  std::int64_t input_per_minute = 2'000'000;  // cache reads do not count
  std::int64_t output_per_minute = 400'000;
  // Subscription windows, in pico-dollars of list price: how the real weights work is unpublished.
  std::int64_t five_hour_budget = 20'000'000'000'000;
  std::int64_t seven_day_budget = 200'000'000'000'000;
};

class RateLimiter {
 public:
  explicit RateLimiter(RateLimits limits) : limits_(limits) {}

  // Takes one request from the account's bucket. When one is empty: seconds until it is not.
  std::optional<std::int64_t> take_request(const std::string& account, bool subscriber, UnixMs now);
  void spend(const std::string& account, std::int64_t input, std::int64_t output, std::int64_t cost, UnixMs now);
  HeaderList headers(const std::string& account, bool subscriber, UnixMs now);

 private:
  struct Bucket {
    double left = 0;
    UnixMs filled_at = 0;
  };
  struct Window {
    std::int64_t spent = 0;
    UnixMs resets_at = 0;
  };
  struct Account {
    Bucket requests, input, output;
    Window five_hour, seven_day;
  };
  Account& account(const std::string& name, UnixMs now);
  HeaderList plain_headers(const Account& account, UnixMs now) const;
  HeaderList unified_headers(const Account& account) const;

  const RateLimits limits_;
  std::map<std::string, Account> accounts_;
};

}  // namespace sim
