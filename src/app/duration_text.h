// How long something lasted, as people say it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "app/phrase.h"

namespace distiq {

// "59 s", "5 min", "3 h 10 min", "4 d"; less than nothing is "0 s".
[[nodiscard]] std::string duration_text(std::int64_t seconds, Language language);

}  // namespace distiq
