// `setup`: points Claude Code at this proxy by its settings file, and takes that back. See setup/settings_plan.h for
// what is changed and what is left alone.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "app/claude_code.h"
#include "app/command.h"
#include "setup/settings_plan.h"

namespace distiq {

// What Claude Code needs to use the proxy at `url` without losing what a custom base URL turns off.
[[nodiscard]] std::vector<WantedSetting> wanted_settings(const std::string& url,
                                                         const std::optional<ClaudeVersion>& version,
                                                         const std::string& status_line_command);

// Whether this version turns tool search off behind a custom base URL. Unknown: no.
[[nodiscard]] bool needs_tool_search(const std::optional<ClaudeVersion>& version);

// `answers`: where the user's agreement is read from.
[[nodiscard]] ExitCode run_setup(const Config& config, const SetupOptions& options, std::istream& answers,
                                 const CommandIo& io);

}  // namespace distiq
