// One request to a server on this machine, its answer taken as it streams. Blocks; one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/exchange.h"

namespace distiq {

struct LocalRequest {
  std::string host;  // an IP address or localhost
  std::uint16_t port = 0;
  std::string target;  // "/v1/messages"
  HeaderList fields;   // beside Host, Content-Length and Connection
  std::string body;
};

struct LocalAnswer {
  ResponseHead head;
  bool complete = false;  // false: cut, or cancelled
};

// Calls `take` with each piece of the body. `cancelled` may be set by a signal handler: the connection is then closed
// at once, and what came so far is the answer. Errors: upstream_unreachable (nobody answers there), upstream_broke (no
// whole head).
[[nodiscard]] Result<LocalAnswer> stream_local(const LocalRequest& request, const std::atomic<bool>& cancelled,
                                               const std::function<void(const ResponseHead&, std::string_view)>& take);

}  // namespace distiq
