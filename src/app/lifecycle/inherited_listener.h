// A listening socket handed over by a service manager (systemd's LISTEN_FDS protocol): connections wait there while the
// proxy restarts, so that a dead proxy is a short pause and no refused connection.
#pragma once

#include <optional>

#include "app/config/config.h"

namespace distiq {

// Puts address, port and descriptor of the handed-over socket into `config.listen`; nothing where none was. Fails with
// bad_config if it is no listening TCP socket, or can be reached by others without PROXY_TOKEN.
[[nodiscard]] Result<void> take_inherited_listener(Config& config, const Environment& environment);

}  // namespace distiq
