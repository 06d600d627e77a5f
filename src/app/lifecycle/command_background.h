// The proxy in the background: start it, find it, end it. See run_file.h for how it is found.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/command.h"

namespace distiq {

// Runs `proxy` in a process of its own, without terminal, its output in <home>/proxy.log, and returns as soon as that
// has called `serving` or has ended. `proxy` gets the `serving` to call and gives the exit code; what it writes to its
// `err` before it serves is what the user sees. In the process that runs the proxy this function does not return before
// its end.
using BackgroundBody =
    std::function<ExitCode(const std::function<void(std::uint16_t port)>& serving, const CommandIo& io)>;
[[nodiscard]] ExitCode run_in_background(const Config& config, const CommandIo& io, const BackgroundBody& proxy);

[[nodiscard]] std::filesystem::path background_log_file(const Config& config);

}  // namespace distiq
