// SIGTERM and SIGINT as something to wait for. One instance, made before any other thread starts.
#pragma once

namespace distiq {

class ShutdownSignals {
 public:
  ShutdownSignals();  // blocks the signals in this and all later threads; ignores SIGPIPE and SIGXFSZ
  int wait();         // the first one; blocks
  // From now on a signal ends the process at once, with exit code 130.
  void end_at_next();
};

}  // namespace distiq
