#include "app/lifecycle/command_background.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <ostream>
#include <sstream>
#include <system_error>

#include "app/config/config_parse.h"
#include "app/lifecycle/background_log.h"
#include "app/phrase.h"
#include "app/port_probe.h"
#include "base/file.h"

namespace distiq {
namespace {

constexpr int kStartLimitMs = 20'000;
constexpr std::size_t kMaxReportBytes = 8192;

constexpr Phrase running = {
    "distiq-code is running in the background: {} (process {})\nlog:  {}\nstop: distiq-code stop",
    "distiq-code работает в фоне: {} (процесс {})\nжурнал:     {}\nостановить: distiq-code stop"};
constexpr Phrase ended = {"The proxy ended at once. Its last words are in {}.",
                          "Прокси сразу завершился. Что он сказал напоследок — в {}."};

// What the new process tells the old one: "serving <port>", or "<exit code> <text for the user>". Then the pipe closes.
struct StartReport {
  std::optional<std::uint16_t> port;
  ExitCode code = ExitCode::failed;
  std::string text;
};

void send_report(int pipe, const std::string& text) {
  (void)!::write(pipe, text.data(), text.size());
  ::close(pipe);
}

StartReport read_report(int pipe) {
  std::string text;
  std::array<char, 1024> block;
  pollfd entry{.fd = pipe, .events = POLLIN, .revents = 0};
  while (text.size() < kMaxReportBytes && ::poll(&entry, 1, kStartLimitMs) > 0) {
    const auto count = ::read(pipe, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  StartReport report;
  const auto space = text.find(' ');
  if (space == std::string::npos) return report;
  const std::string_view word = std::string_view(text).substr(0, space),
                         rest = std::string_view(text).substr(space + 1);
  if (word == "serving") {
    if (const auto port = parse_whole(rest, 1, 65535)) report.port = static_cast<std::uint16_t>(*port);
  } else if (const auto code = parse_whole(word, 1, 255)) {
    report.code = static_cast<ExitCode>(*code);
    report.text = rest;
  }
  return report;
}

// In the new process.
ExitCode run_there(const Config& config, int pipe, const Environment& environment, const BackgroundBody& proxy) {
  ::setsid();
  std::ostringstream words;
  const auto report = [&](ExitCode code) {
    send_report(pipe, fmt::format("{} {}", static_cast<int>(code), words.str()));
    return code;
  };
  if (auto made = ensure_private_directory(config.home); !made) {
    words << "distiq-code: " << made.error().client_text << '\n';
    return report(ExitCode::bad_config);
  }
  auto log = BackgroundLog::start(background_log_file(config));
  if (!log) {
    words << "distiq-code: " << log.error().client_text << '\n';
    return report(ExitCode::bad_config);
  }
  bool serves = false;
  const auto serving = [&](std::uint16_t port) {
    serves = true;
    send_report(pipe, fmt::format("serving {}", port));
  };
  const auto code = proxy(serving, {std::cout, words, environment});
  if (!serves) return report(code);
  std::cerr << words.str();
  return code;
}

}  // namespace

std::filesystem::path background_log_file(const Config& config) {
  return config.home / "proxy.log";
}

ExitCode run_in_background(const Config& config, const CommandIo& io, const BackgroundBody& proxy) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ExitCode::failed;
  io.out.flush();
  io.err.flush();
  const int pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    return run_there(config, ends[1], io.environment, proxy);
  }
  ::close(ends[1]);
  if (pid < 0) {
    say_error(io, std::generic_category().message(errno));
    ::close(ends[0]);
    return ExitCode::failed;
  }
  const auto report = read_report(ends[0]);
  ::close(ends[0]);
  if (report.port) {
    io.out << say(config.language, running, local_url(config, *report.port), pid, background_log_file(config).string())
           << std::endl;
    return ExitCode::ok;
  }
  (void)::waitpid(pid, nullptr, WNOHANG);
  if (report.text.empty()) {
    say_error(io, say(config.language, ended, background_log_file(config).string()));
  } else {
    io.err << report.text << std::flush;
  }
  return report.code;
}

}  // namespace distiq
