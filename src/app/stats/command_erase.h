// `distiq-code stats --erase`: forgets everything the proxy has recorded.
#pragma once

#include <iosfwd>

#include "app/command.h"

namespace distiq {

// Asks on io.err and reads the answer from `answers` unless `yes`; anything but a clear yes erases nothing (failed).
[[nodiscard]] ExitCode run_erase(const Config& config, bool yes, std::istream& answers, const CommandIo& io);

}  // namespace distiq
