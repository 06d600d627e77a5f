// Asks who listens on a port that we could not have, to be able to say what to do. Blocks for at most a second.
#pragma once

#include <cstdint>
#include <string>

#include "app/config/config.h"

namespace distiq {

// http://host:port as another program on this machine reaches us.
[[nodiscard]] std::string local_url(const Config& config, std::uint16_t port);

enum class PortOccupant { nobody, distiq_code, ollama, somebody };

// `host` is an IP address or localhost; "any" addresses are asked on loopback.
// What a server on this machine answers to one request with "Connection: close", at most 8 KB; empty if nobody does.
[[nodiscard]] std::string ask_local(const std::string& host, std::uint16_t port, const std::string& request);

[[nodiscard]] PortOccupant identify_port_occupant(const std::string& host, std::uint16_t port);

}  // namespace distiq
