// The log: what a developer or an operator reads, on stderr. Not the line per request (stats) and never a credential,
// header value or body. Any thread; a blocked stderr drops lines instead of stalling the caller.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/log_level.h"

namespace distiq::log {

// Until an instance lives, messages go nowhere; it must outlive every thread that logs. One at a time.
class Session {
 public:
  // Writes to `fd`, which is not owned: text ("12:34:56.789 warn  message") or one JSON object per line
  // ({"time":"2026-01-31T12:34:56.789Z","level":"warn","message":"..."}).
  Session(LogLevel level, LogFormat format, int fd = 2);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Lines that could not be written.
  [[nodiscard]] std::uint64_t dropped() const;
};

[[nodiscard]] bool is_enabled(LogLevel level);
// Control characters in `message` are escaped: one call is one line.
void write(LogLevel level, std::string_view message) noexcept;

template <class... Args>
void message(LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
  if (!is_enabled(level)) return;
  try {
    write(level, fmt::format(format, std::forward<Args>(args)...));
  } catch (...) {
    write(LogLevel::error, "a log message could not be formatted");
  }
}

template <class... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) noexcept {
  message(LogLevel::trace, format, std::forward<Args>(args)...);
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
  message(LogLevel::debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) noexcept {
  message(LogLevel::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) noexcept {
  message(LogLevel::warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) noexcept {
  message(LogLevel::error, format, std::forward<Args>(args)...);
}

}  // namespace distiq::log
