#include "base/tier.h"

#include <array>

namespace distiq {
namespace {

constexpr std::array<std::string_view, 4> tier_names = {"haiku", "sonnet", "opus", "fable"};

}  // namespace

std::string_view to_string(Tier tier) {
  return tier_names[static_cast<std::size_t>(tier)];
}

std::optional<Tier> tier_from(std::string_view name) {
  for (std::size_t i = 0; i < tier_names.size(); ++i) {
    if (tier_names[i] == name) return static_cast<Tier>(i);
  }
  return std::nullopt;
}

}  // namespace distiq
