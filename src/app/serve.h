// Runs the proxy from bind to drained shutdown.
#pragma once

#include <cstdint>
#include <functional>

#include "app/config.h"
#include "base/error.h"

namespace distiq {

// Blocks until a signal ends the run; the value is the exit code, 0 also when the drain limit cut what still ran.
// `serving` is called once, when requests are answered (the start panel). Fails before that only: bad_config if the
// address cannot be used; client_text "address in use" if somebody listens there.
[[nodiscard]] Result<int> serve(const Config& config, const std::function<void(std::uint16_t port)>& serving);

}  // namespace distiq
