// `stats --live`: today's sums and the newest requests, refreshed once a second, like top.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ostream>

#include "app/command.h"
#include "app/lifecycle/panel.h"
#include "app/phrase.h"
#include "app/report_language.h"
#include "app/state_files.h"
#include "base/clock.h"
#include "base/text.h"
#include "money/usd_text.h"
#include "stats/live_line.h"
#include "stats/stats_report.h"
#include "stats/stats_report_table.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr int refresh_ms = 1'000;
constexpr std::size_t shown_requests = 15;
constexpr std::string_view enter_screen = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view leave_screen = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view redraw = "\x1b[H\x1b[J";

constexpr Phrase kQuit{"q: quit", "q: выход"};
constexpr Phrase kNewest{"newest requests", "последние запросы"};

std::atomic<bool> interrupted = false;

// A terminal that gives single keys and shows another screen, and that gets back what it had whatever ends us but -9.
class LiveTerminal {
 public:
  LiveTerminal() {
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    struct sigaction action{};
    action.sa_handler = [](int) { interrupted = true; };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
    write_all(enter_screen);
  }
  LiveTerminal(const LiveTerminal&) = delete;
  LiveTerminal& operator=(const LiveTerminal&) = delete;
  ~LiveTerminal() {
    write_all(leave_screen);
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  void show(const std::string& text) {
    std::string screen(redraw);
    for (const char c : text) {
      if (c == '\n') screen += "\x1b[K\r";
      screen += c;
    }
    write_all(screen);
  }
  // True: the user wants to leave.
  [[nodiscard]] bool wait() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&input, 1, refresh_ms) <= 0 || interrupted) return interrupted;
    char key = 0;
    return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || key == 3 || key == 4;
  }

 private:
  static void write_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  termios before_{};
};

std::string newest(const std::vector<RequestRecord>& records, bool colour) {
  ReportTable table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::left});
  for (const RequestRecord& record : records) {
    const std::string& model = record.served_model.empty() ? record.requested_model : record.served_model;
    const PicoUsd saved = record.saved();
    table.add({{printable(model, 32), Tone::model},
               {std::string(to_string(record.request_class))},
               {count_text(record.usage.prompt())},
               {usd_text(record.cost, 4)},
               {saved.value == 0 ? "" : usd_text(saved, 4), saved.value < 0 ? Tone::bad : Tone::good},
               {printable(record.reason, 44), Tone::dim}});
  }
  return table.render(colour);
}

Result<std::string> snapshot(const Config& config, bool colour) {
  auto reader = StatsReader::open(store_path(config.home).string());
  if (!reader) return std::unexpected(reader.error());
  const auto summary = reader->summary(Period::day, system_clock().wall().time_since_epoch().count());
  if (!summary) return std::unexpected(summary.error());
  const auto records = reader->recent_records(shown_requests);
  if (!records) return std::unexpected(records.error());
  const auto language = report_language(config.language);
  return fmt::format("{}\n  {}\n{}", format_report(*summary, {.language = language, .colour = colour}),
                     toned(kNewest.in(config.language), Tone::dim, colour), newest(*records, colour));
}

std::string sentence_of(const Config& config, const Error& error) {
  const auto language = report_language(config.language);
  return std::string(store_error_text(language, error.for_user()));
}

}  // namespace

ExitCode run_stats_live(const Config& config, const CommandIo& io) {
  const bool colour = use_colour(config, STDOUT_FILENO);
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    const auto once = snapshot(config, colour);
    if (!once) {
      say_error(io, sentence_of(config, once.error()));
      return ExitCode::failed;
    }
    io.out << *once;
    return ExitCode::ok;
  }
  LiveTerminal terminal;
  do {
    const auto now = snapshot(config, colour);  // a store that is not there yet may come
    terminal.show(fmt::format("{}\n  {}\n", now ? *now : "\n  " + sentence_of(config, now.error()) + "\n",
                              toned(kQuit.in(config.language), Tone::dim, colour)));
  } while (!terminal.wait());
  return ExitCode::ok;
}

}  // namespace distiq
