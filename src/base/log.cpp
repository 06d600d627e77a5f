#include "base/log.h"

#include <fmt/chrono.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include "base/line_writer.h"
#include "base/text.h"

namespace distiq::log {
namespace {

constexpr std::size_t kMaxMessageBytes = 4096;

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

std::string format_line(const spdlog::details::log_msg& message, LogFormat format) {
  const std::string_view payload(message.payload.data(), message.payload.size());
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(since_epoch / 1000);
  std::tm parts{};
  if (format == LogFormat::text) {
    localtime_r(&seconds, &parts);
    return fmt::format("{:%H:%M:%S}.{:03} {:<5} {}", parts, since_epoch % 1000, level_name(message.level),
                       printable(payload, kMaxMessageBytes));
  }
  gmtime_r(&seconds, &parts);
  auto line = fmt::format(R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","message":)", parts,
                          since_epoch % 1000, level_name(message.level));
  append_json_string(line, payload.substr(0, kMaxMessageBytes));
  line += '}';
  return line;
}

class LineWriterSink final : public spdlog::sinks::sink {
 public:
  LineWriterSink(int fd, LogFormat format) : writer_(fd), format_(format) {}
  void log(const spdlog::details::log_msg& message) override { writer_.write(format_line(message, format_)); }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
  [[nodiscard]] std::uint64_t dropped() const { return writer_.dropped(); }

 private:
  LineWriter writer_;
  LogFormat format_;
};

struct Active {
  std::shared_ptr<LineWriterSink> sink;
  spdlog::logger logger;

  Active(LogLevel level, LogFormat format, int fd)
      : sink(std::make_shared<LineWriterSink>(fd, format)), logger("distiq", sink) {
    logger.set_level(to_spdlog(level));
  }
};

// Owned by the one Session; the pointer is what other threads look at.
std::unique_ptr<Active> owned;
std::atomic<Active*> active{nullptr};

}  // namespace

Session::Session(LogLevel level, LogFormat format, int fd) {
  owned = std::make_unique<Active>(level, format, fd);
  active.store(owned.get(), std::memory_order_release);
}

Session::~Session() {
  active.store(nullptr, std::memory_order_release);
  owned.reset();
}

std::uint64_t Session::dropped() const {
  return owned->sink->dropped();
}

bool is_enabled(LogLevel level) {
  const auto* current = active.load(std::memory_order_acquire);
  return current != nullptr && current->logger.should_log(to_spdlog(level));
}

void write(LogLevel level, std::string_view text) noexcept {
  auto* current = active.load(std::memory_order_acquire);
  if (current == nullptr) return;
  try {
    current->logger.log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
  } catch (...) {
    // Nowhere left to say it.
  }
}

}  // namespace distiq::log
