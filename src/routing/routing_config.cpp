#include "routing/routing_config.h"

#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 4> kPolicyNames = {"off", "observe", "balanced", "saver"};

}  // namespace

std::string_view to_string(RoutingPolicy policy) {
  return kPolicyNames[static_cast<std::size_t>(policy)];
}

std::optional<RoutingPolicy> routing_policy_from(std::string_view name) {
  for (std::size_t i = 0; i < kPolicyNames.size(); ++i) {
    if (kPolicyNames[i] == name) return static_cast<RoutingPolicy>(i);
  }
  return {};
}

}  // namespace distiq
