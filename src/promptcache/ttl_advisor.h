// Five minutes or one hour: which life of a cache entry would have cost less over the requests seen so far, per kind of
// lane. Advice only: who asks applies it at a cold point and keeps it for the life of the lane. Never advises less than
// what the client asked, because it is only asked about five-minute markers. Bounded; no clock of its own. Not
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "message/request_view.h"
#include "money/model_info.h"

namespace distiq {

// One request of a lane, as the cache saw it.
struct CachePause {
  std::optional<std::chrono::nanoseconds> pause;  // since the lane's request before it; absent: the lane's first
  std::uint64_t prefix_tokens = 0;                // what the request before it had left in the cache
  std::uint64_t new_tokens = 0;                   // what this one adds to it
};

class TtlAdvisor {
 public:
  // `kind` names what has pauses of its own: account and class of lane, short.
  void observe(const std::string& kind, const CachePause& request, const TokenPrices& prices);

  // One hour only where it would have been cheaper by a clear margin and pauses of 5 to 60 minutes were really seen.
  [[nodiscard]] CacheTtl advise(const std::string& kind) const;

  // For people and for the record: what both would have cost over what was seen (recent requests weigh more).
  struct Account {
    double five_minutes_usd = 0;
    double one_hour_usd = 0;
    double requests = 0;
    double long_pauses = 0;  // 5 to 60 minutes
  };
  [[nodiscard]] Account account(const std::string& kind) const;

  // For the store. restore() ignores kinds over the limit and sums that are not finite.
  [[nodiscard]] const std::map<std::string, Account>& accounts() const { return kinds_; }
  void restore(const std::string& kind, const Account& account);

 private:
  std::map<std::string, Account> kinds_;
};

}  // namespace distiq
