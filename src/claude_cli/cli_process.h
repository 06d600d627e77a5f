// A child process with its own process group and three pipes. Internal to claude_cli/. One owner at a time.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace distiq {

struct CliProcess {
  pid_t pid = -1;   // also its process group
  int input = -1;   // a socket: writing to a reader that has left raises no signal
  int output = -1;  // reads its standard output
  int errors = -1;  // reads its standard error
};

// Nothing else of this process is open in the child. Errors: upstream_unreachable. The caller owns the descriptors and
// must wait for the process.
[[nodiscard]] Result<CliProcess> start_process(const std::filesystem::path& program,
                                               const std::vector<std::string>& arguments,
                                               const std::vector<std::string>& environment,
                                               const std::filesystem::path& folder);

}  // namespace distiq
