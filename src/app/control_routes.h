// Commands to the running proxy: paths under /distiq/. They have passed the guards (Host, Origin, token) like every
// request. Any thread.
#pragma once

#include <string_view>

#include "app/config.h"
#include "base/clock.h"
#include "pipeline/handle_request.h"

namespace distiq {

class ControlRoutes {
 public:
  // Everything referenced outlives the routes.
  ControlRoutes(const Config& config, MovableClock& policy_clock) : config_(config), policy_clock_(policy_clock) {}

  // 404 for what is no command.
  [[nodiscard]] LocalAnswer answer(const RequestHead& head, std::string_view body);

 private:
  [[nodiscard]] LocalAnswer move_clock(std::string_view body);

  const Config& config_;
  MovableClock& policy_clock_;
};

}  // namespace distiq
