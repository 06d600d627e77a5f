// What a script may read from the exit code of distiq-code. Documented in docs/configuration.md: append, never
// renumber.
#pragma once

namespace distiq {

enum class ExitCode {
  ok = 0,
  failed = 1,       // it started and did not work
  usage = 2,        // the command line is wrong
  bad_config = 3,   // a setting is wrong, or files of ours cannot be used
  port_in_use = 4,  // somebody listens there already, perhaps we ourselves
};

}  // namespace distiq
