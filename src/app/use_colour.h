// Whether what a command writes is coloured. Any thread.
#pragma once

#include "app/config/config.h"

namespace distiq {

// Of lines written to `fd`.
[[nodiscard]] bool use_colour(const Config& config, int fd);

}  // namespace distiq
