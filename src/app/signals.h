// SIGTERM and SIGINT as something to wait for. One instance, made before any other thread starts.
#pragma once

#include <functional>

namespace distiq {

class ShutdownSignals {
 public:
  ShutdownSignals();  // blocks the signals in this and all later threads; ignores SIGPIPE and SIGXFSZ
  // Blocks until the first one, or until `or_else` is true, which is asked four times a second (empty: never).
  void wait(const std::function<bool()>& or_else = {});
  // From now on a signal ends the process at once, with exit code 130.
  void end_at_next();
};

}  // namespace distiq
