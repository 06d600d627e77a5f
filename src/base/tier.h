// The tiers of models, cheapest first. Names are those of settings, headers and records. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace distiq {

enum class Tier : std::uint8_t { haiku, sonnet, opus, fable };
[[nodiscard]] std::string_view to_string(Tier tier);
[[nodiscard]] std::optional<Tier> tier_from(std::string_view name);  // lower case, as to_string writes it

}  // namespace distiq
