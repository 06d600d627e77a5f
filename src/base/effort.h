// The levels of effort, least first. Names are those of the API. Any thread.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace distiq {

inline constexpr std::array<std::string_view, 5> effort_levels = {"low", "medium", "high", "xhigh", "max"};

[[nodiscard]] constexpr bool is_effort_level(std::string_view name) {
  return std::ranges::find(effort_levels, name) != effort_levels.end();
}

}  // namespace distiq
