// The policy in force, changeable while the proxy runs. Any thread.
#pragma once

#include <atomic>
#include <optional>

#include "base/tier.h"
#include "routing/routing_config.h"

namespace distiq {

class LivePolicy {
 public:
  explicit LivePolicy(RoutingPolicy initial) : policy_(initial) {}

  [[nodiscard]] RoutingPolicy policy() const { return policy_.load(std::memory_order_relaxed); }
  void set_policy(RoutingPolicy policy) { policy_.store(policy, std::memory_order_relaxed); }

  // Serve everything that may be moved on this tier at most.
  [[nodiscard]] std::optional<Tier> pin() const {
    const int tier = pin_.load(std::memory_order_relaxed);
    return tier < 0 ? std::nullopt : std::optional(static_cast<Tier>(tier));
  }
  void set_pin(std::optional<Tier> tier) { pin_.store(tier ? static_cast<int>(*tier) : -1, std::memory_order_relaxed); }

 private:
  std::atomic<RoutingPolicy> policy_;
  std::atomic<int> pin_{-1};
};

}  // namespace distiq
