// The proxy that a command of ours uses: one that runs, or one that is started for it and ends with its last user.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "app/lifecycle/run_file.h"

namespace distiq {

struct ProxyInUse {
  std::string url;
  std::string host;  // of the url
  std::uint16_t port = 0;
  UserLock users;  // ours: the proxy lives as long as this process, or what it becomes

  // `setting_arguments`: of our own command line, for a proxy that must be started. Blocks for up to 25 seconds. On
  // failure `code` is the exit code to end with; an error without client_text has been told on stderr already.
  [[nodiscard]] static Result<ProxyInUse> find_or_start(const Config& config,
                                                        const std::vector<std::string>& setting_arguments,
                                                        const CommandIo& io, ExitCode& code);
};

}  // namespace distiq
