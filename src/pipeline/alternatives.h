// What a decision weighed, as the short JSON that the record keeps for `explain`. Numbers and model ids only: no prompt
// text. Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "routing/route.h"

namespace distiq {

inline constexpr std::size_t max_alternatives_bytes = 2000;

// [{"model":"claude-haiku-5-5","now":123,"life":456,"exposure":7,"break_even":3,"why_not":"..."}]: money in
// micro-dollars. Alternatives that would pass the bound are left out. Empty for none.
[[nodiscard]] std::string alternatives_json(std::span<const Alternative> alternatives);

}  // namespace distiq
