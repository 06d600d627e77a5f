// Commands to the running proxy: paths under /distiq/. They have passed the guards (Host, Origin, token) like every
// request; what changes something also needs x-distiq-control (state_files.h). Any thread.
#pragma once

#include <string_view>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/secret.h"
#include "pipeline/handle_request.h"
#include "pipeline/live_policy.h"

namespace distiq {

class ControlRoutes {
 public:
  // Everything referenced outlives the routes. An empty `control_key`: nobody may change anything.
  ControlRoutes(const Config& config, Secret control_key, LivePolicy& policy, MovableClock& policy_clock)
      : config_(config), control_key_(std::move(control_key)), policy_(policy), policy_clock_(policy_clock) {}

  // 404 for what is no command.
  [[nodiscard]] LocalAnswer answer(const RequestHead& head, std::string_view body);

 private:
  [[nodiscard]] bool may_change(const RequestHead& head) const;
  [[nodiscard]] LocalAnswer show_policy() const;
  [[nodiscard]] LocalAnswer change_policy(std::string_view body);
  [[nodiscard]] LocalAnswer move_clock(std::string_view body);

  const Config& config_;
  const Secret control_key_;
  LivePolicy& policy_;
  MovableClock& policy_clock_;
};

}  // namespace distiq
