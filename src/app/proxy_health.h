// What running proxies say of themselves at /health, for the commands. Blocks; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/config/config.h"

namespace distiq {

struct ProxyHealth {
  std::string version;
  std::string upstream;  // its origin; "": a proxy of an older version did not say
  std::uint64_t connections = 0;
  bool store_ok = true;
  std::string store_reason;
  std::uint64_t dropped = 0, waiting = 0, settled = 0;  // records, as StoreHealth has them
  // Of Claude Code since the proxy started, the newest few; and how many said what they are for.
  std::uint64_t recent_requests = 0, with_hints = 0;
  bool newest_has_hints = false;
};

// The body of an answer to GET /health; nullopt if it is none of ours.
[[nodiscard]] std::optional<ProxyHealth> parse_health(std::string_view body);
// nullopt: nobody answers there within three seconds, or not as we do.
[[nodiscard]] std::optional<ProxyHealth> ask_health(const Config& config, const std::string& host, std::uint16_t port);

// Proxies write their records a moment after the answer: waits, for at most two seconds, until those that run with this
// state folder have written all that they had when this was called. Gives how many are still to be written.
std::uint64_t wait_for_store(const Config& config);

}  // namespace distiq
