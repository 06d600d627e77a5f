// Asks an upstream once, the way the proxy reaches it (look-up, corporate proxy, TLS), for people who want to know
// whether it answers. Blocks for at most `limit`; makes its own io context. Any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/dialer.h"

namespace distiq {

// `request`: a whole message without body that asks for the connection to be closed. The value is the head of the
// answer, as it came. Errors as Dialer::dial; upstream_broke if no head came; bad_config: a certificate file.
[[nodiscard]] Result<std::string> probe_upstream(const UpstreamConfig& config,
                                                 const std::vector<std::string>& extra_ca_files, std::string request,
                                                 std::chrono::milliseconds limit, const Clock& clock);

}  // namespace distiq
