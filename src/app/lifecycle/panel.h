// What a person reads when the proxy starts, or cannot. Pure except use_colour; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "app/config/config.h"

namespace distiq {

// Whether lines written to `fd` should be coloured.
[[nodiscard]] bool use_colour(const Config& config, int fd);

// Address, upstream, what is on, and the line to paste into another terminal; several lines, the last one ended.
// With LOG_FORMAT=json one JSON object on one line. `port` is the one really listened on.
[[nodiscard]] std::string start_panel(const Config& config, std::uint16_t port, bool colour);

// http://host:port as another program on this machine reaches us.
[[nodiscard]] std::string local_url(const Config& config, std::uint16_t port);

enum class PortOccupant { nobody, distiq_code, ollama, somebody };
// One or two sentences: what holds the port and what to do.
[[nodiscard]] std::string port_in_use_text(const Config& config, PortOccupant occupant);

}  // namespace distiq
