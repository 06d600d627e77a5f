// One run of the `claude` CLI for a command that waits for it. Blocks; one thread.
#pragma once

#include <atomic>
#include <functional>

#include "claude_cli/claude_cli.h"

namespace distiq {

// Calls `take` with every event. `cancelled` may be set by a signal handler: the run is then killed within a tenth of a
// second, which is no error. Errors: those of ClaudeCli::start and CliRun::next.
[[nodiscard]] Result<void> run_cli(ClaudeCli& cli, const CliRequest& request, const std::atomic<bool>& cancelled,
                                   const std::function<void(const CliEvent&)>& take);

}  // namespace distiq
