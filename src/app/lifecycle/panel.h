// What a person reads when the proxy starts, or cannot. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "app/config/config.h"
#include "app/port_probe.h"

namespace distiq {

// Address, upstream, what is on, and the line to paste into another terminal; several lines, the last one ended.
// With LOG_FORMAT=json one JSON object on one line. `port` is the one really listened on.
[[nodiscard]] std::string start_panel(const Config& config, std::uint16_t port, bool colour);

// One or two sentences: what holds the port and what to do.
[[nodiscard]] std::string port_in_use_text(const Config& config, PortOccupant occupant);

}  // namespace distiq
