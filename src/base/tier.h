// The tiers of models, cheapest first. Any thread.
#pragma once

#include <cstdint>

namespace distiq {

enum class Tier : std::uint8_t { haiku, sonnet, opus, fable };

}  // namespace distiq
