// The recorded Claude Code sessions that the demo plays (tools/make_demo_sessions.py), and a client that plays one
// request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace distiq {

struct DemoRequest {
  std::string_view title;    // of the session, English and Russian with a tab between; on its first request only
  std::string_view message;  // a whole HTTP/1.1 request
};

// What is compiled in.
[[nodiscard]] std::vector<DemoRequest> demo_requests();
// Views into `text`. Stops at the first part that is not whole.
[[nodiscard]] std::vector<DemoRequest> parse_demo_requests(std::string_view text);

// Sends `message` to 127.0.0.1 and gives the whole answer, which ends with the connection. Blocks; a peer that is
// silent for ten seconds is an error.
[[nodiscard]] Result<std::string> exchange_on_loopback(std::uint16_t port, std::string_view message);

// 200 from "HTTP/1.1 200 OK..."; 0 if it is none.
[[nodiscard]] int status_of(std::string_view answer);

}  // namespace distiq
