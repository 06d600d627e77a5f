// From settings to how a server is reached: address, corporate proxy, roots of trust. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"
#include "net/dialer.h"

namespace distiq {

[[nodiscard]] UpstreamConfig way_to(const Config& config, const UpstreamAddress& server);
[[nodiscard]] std::vector<std::string> extra_ca_files(const Config& config);

}  // namespace distiq
