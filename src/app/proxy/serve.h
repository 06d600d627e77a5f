// Runs the proxy from bind to drained shutdown.
#pragma once

#include <cstdint>
#include <functional>

#include "app/config/config.h"
#include "base/error.h"

namespace distiq {

// Called on the thread of serve().
struct ServeHooks {
  std::function<void(std::uint16_t port)> serving = [](std::uint16_t) {};  // once, when requests are answered
  std::function<void()> stopping = [] {};  // once, before the drain: whoever looks for a proxy must not find this one
  std::function<bool()> is_unused;  // asked four times a second; true ends the run. Empty: it runs until a signal
};

// Blocks until a signal ends the run; the value is the exit code, 0 also when the drain limit cut what still ran.
// Fails before `serving` only: bad_config if the
// address cannot be used; client_text "address in use" if somebody listens there.
[[nodiscard]] Result<int> serve(const Config& config, const ServeHooks& hooks);

}  // namespace distiq
