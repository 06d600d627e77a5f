// The command line: which command, with which settings. The only user of CLI11.
#pragma once

#include <span>
#include <string>

#include "app/command.h"

namespace distiq {

// `arguments` without the program's name. Runs the command to its end and gives the exit code (app/exit_code.h).
[[nodiscard]] int run_cli(std::span<const std::string> arguments, const CommandIo& io);

}  // namespace distiq
