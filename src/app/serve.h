// Runs the proxy from bind to drained shutdown.
#pragma once

#include "app/config.h"
#include "base/error.h"

namespace distiq {

// Blocks until a signal ends the run; the value is the exit code. Fails before serving only: bad_config if the address
// cannot be used (client_text is the sentence for the user).
[[nodiscard]] Result<int> serve(const Config& config);

}  // namespace distiq
