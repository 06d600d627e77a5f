// What went wrong with a moved request, so that it is not tried again for a while: (cause, model, account) until an
// expiry. Bounded; the oldest goes first. One owner at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace distiq {

class IncompatibilityMemory {
 public:
  static constexpr std::size_t kMaxEntries = 256;

  struct Entry {
    std::string account;
    std::string model;    // target
    std::string feature;  // what the answer blamed; empty: the whole model (its rate limit, say)
    MonotonicTime until{};
    std::uint32_t count = 0;
  };

  // Again the same before its expiry: the time doubles, up to `kMaxLife`.
  void remember(std::string_view account, std::string_view model, std::string_view feature, MonotonicTime now,
                std::chrono::seconds life);
  // What speaks against the target now: an entry of the whole model, or of one of the request's features.
  [[nodiscard]] const Entry* find(std::string_view account, std::string_view model,
                                  std::span<const std::string_view> features, MonotonicTime now) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  static constexpr std::chrono::seconds kMaxLife = std::chrono::hours(24);

 private:
  std::vector<Entry> entries_;
};

}  // namespace distiq
