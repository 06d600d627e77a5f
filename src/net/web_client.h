// One request to a server, for a caller that waits: plain or TLS, through a corporate proxy, with the roots that
// upstream connections trust. Blocks; one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "net/dialer.h"

namespace distiq {

struct WebRequest {
  UpstreamConfig server;
  std::vector<std::string> extra_ca_files;
  std::string method = "GET";
  std::string target = "/";
  HeaderList fields;  // beside Host, Content-Length and Connection
  std::string body;
  std::chrono::milliseconds stall_limit{30'000};  // without a byte
};

struct WebAnswer {
  ResponseHead head;
  bool complete = false;  // false: cut, stalled, or `take` had enough
};

// `take` sees the head with an empty piece first, then the body piece by piece; false ends the request. Errors: those
// of Dialer::dial, upstream_broke (no whole head), bad_config (a certificate file).
[[nodiscard]] Result<WebAnswer> fetch(const WebRequest& request, const Clock& clock,
                                      const std::function<bool(const ResponseHead&, std::string_view)>& take);

}  // namespace distiq
