// Colours of a terminal by meaning. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace distiq {

enum class Tone { plain, dim, strong, model, command, good, bad, doubtful };

// `text` in its colour, or as it is without `colour`. Empty text stays empty.
[[nodiscard]] std::string toned(std::string_view text, Tone tone, bool colour);

}  // namespace distiq
