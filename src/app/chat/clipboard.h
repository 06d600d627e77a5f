// The picture in the user's clipboard, by the programs that desktops have for it. Blocks for at most ten seconds.
#pragma once

#include <string>

#include "app/config/config.h"
#include "base/environment.h"
#include "base/error.h"

namespace distiq {

// The bytes of a PNG. Errors, each with a sentence: client_fault (no picture there, or no program to ask: which one to
// install).
[[nodiscard]] Result<std::string> clipboard_picture(const Environment& environment, Language language);

}  // namespace distiq
