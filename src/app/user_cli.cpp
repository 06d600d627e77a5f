#include "app/user_cli.h"

#include "base/file.h"

namespace distiq {

Result<ClaudeCliConfig> user_cli_config(const Config& config, const std::filesystem::path& program,
                                        const Environment& environment, const CliDoor& door) {
  ClaudeCliConfig cli;
  cli.program = program;
  cli.folder = config.home / "cli";
  if (auto folder = ensure_private_directory(cli.folder); !folder) return std::unexpected(std::move(folder.error()));
  cli.environment = cli_environment(environment, door);
  return cli;
}

}  // namespace distiq
