// `run -- claude ...`: one program through the proxy, without a settings file. This process becomes the program, so
// that its exit code, signals and terminal are its own; a proxy that was started for it ends with the last such
// program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/command.h"

namespace distiq {

struct RunOptions {
  std::vector<std::string> command;            // the program and its arguments
  std::vector<std::string> setting_arguments;  // the settings of our own command line, for a proxy that must be started
};

// Returns only where the program could not be started: 127 if there is no such program, as shells do.
[[nodiscard]] ExitCode run_run(const Config& config, const RunOptions& options, const CommandIo& io);

// What the program gets beyond our own environment: the address, the token, and what a custom base URL would turn off;
// names that are set already stay as they are, the address aside.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> program_environment(const Config& config,
                                                                                   const std::string& url,
                                                                                   const Environment& environment);

}  // namespace distiq
