// Puts the proxy under the user's service manager, and takes it out again: files written, and the manager told where it
// can be reached. Blocks for seconds.
#pragma once

#include "app/command.h"

namespace distiq {

// Shows what will be written, asks unless `options.yes`, writes, and enables it; where the manager cannot be reached it
// says what to run. Exit code failed: not agreed to, or the manager refused.
[[nodiscard]] ExitCode install_service(const Config& config, const SetupOptions& options, std::istream& answers,
                                       const CommandIo& io);

// Disables and removes what install_service() wrote; silent where there is nothing of ours.
void remove_service(const Config& config, const CommandIo& io);

}  // namespace distiq
