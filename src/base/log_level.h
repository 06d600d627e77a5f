// How much is logged. Apart from base/log.h so that settings need not see it.
#pragma once

namespace distiq {

enum class LogLevel { trace, debug, info, warn, error, off };

}  // namespace distiq
