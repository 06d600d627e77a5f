// One request to a server, for a caller that waits: plain or TLS, through a corporate proxy, with the roots that
// upstream connections trust. Blocks: a look-up by a dead resolver even longer than its limits. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "net/dialer.h"

namespace boost::asio::ssl {
class context;
}

namespace distiq {

struct WebRequest {
  UpstreamConfig server;
  std::vector<std::string> extra_ca_files;
  std::string method = "GET";
  std::string target = "/";
  HeaderList fields;  // beside Host, Content-Length and Connection
  std::string body;
  std::chrono::milliseconds stall_limit{30'000};  // without a byte
  std::function<bool()> go_on = nullptr;          // asked every 100 ms; false: stop. Null: no limit but the above
  // Made before, for callers that ask often; null: made of the files above.
  std::shared_ptr<boost::asio::ssl::context> tls = nullptr;
};

struct WebAnswer {
  ResponseHead head;
  bool complete = false;  // false: cut, stalled, or `take` had enough
};

// `take` sees the head with an empty piece first, then the body piece by piece; false ends the request. Errors: those
// of Dialer::dial, upstream_broke (no whole head), bad_config (a certificate file), cancelled (go_on said so).
[[nodiscard]] Result<WebAnswer> fetch(const WebRequest& request, const Clock& clock,
                                      const std::function<bool(const ResponseHead&, std::string_view)>& take);

}  // namespace distiq
