// The user's claude CLI as this program runs it: in a folder of its own, with an environment that leads to our door.
#pragma once

#include <filesystem>

#include "app/config/config.h"
#include "base/environment.h"
#include "claude_cli/claude_cli.h"

namespace distiq {

// Makes the folder. Errors: those of ensure_private_directory. Tools and limits are those of ClaudeCliConfig.
[[nodiscard]] Result<ClaudeCliConfig> user_cli_config(const Config& config, const std::filesystem::path& program,
                                                      const Environment& environment, const CliDoor& door);

}  // namespace distiq
