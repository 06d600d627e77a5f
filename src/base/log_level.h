// How much is logged, and in which form. Apart from base/log.h so that settings need not see it.
#pragma once

namespace distiq {

enum class LogLevel { trace, debug, info, warn, error, off };
enum class LogFormat { text, json };

}  // namespace distiq
