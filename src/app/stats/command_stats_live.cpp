// `stats --live`: today's sums and the newest requests, refreshed once a second, like top.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ostream>

#include "app/command.h"
#include "app/phrase.h"
#include "app/price_file.h"
#include "app/proxy_health.h"
#include "app/report_language.h"
#include "app/state_files.h"
#include "app/stats/live_screen.h"
#include "app/use_colour.h"
#include "base/clock.h"
#include "base/tone.h"
#include "stats/stats_report.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr int refresh_ms = 1'000;
constexpr std::size_t most_requests = 60;  // a tall terminal's
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

ScreenSize terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {.rows = size.ws_row, .columns = size.ws_col};
}

struct Snapshot {
  std::string report, newest;
};

Result<Snapshot> snapshot(const Config& config, const PriceTable& prices, bool colour) {
  auto reader = StatsReader::open(store_path(config.home).string());
  if (!reader) return std::unexpected(reader.error());
  const auto summary = reader->summary(Period::day, system_clock().wall().time_since_epoch().count());
  if (!summary) return std::unexpected(summary.error());
  const auto records = reader->recent_records(most_requests);
  if (!records) return std::unexpected(records.error());
  const auto language = report_language(config.language);
  return Snapshot{format_report(*summary, {.language = language, .colour = colour}),
                  format_newest(*records, prices, colour)};
}

std::string sentence_of(const Config& config, const Error& error) {
  const auto language = report_language(config.language);
  return std::string(store_error_text(language, error.for_user()));
}

}  // namespace

ExitCode run_stats_live(const Config& config, const CommandIo& io) {
  const bool colour = use_colour(config, STDOUT_FILENO);
  const auto prices = load_prices(config.models_file);
  if (!prices) {
    say_error(io, prices.error().client_text);
    return ExitCode::bad_config;
  }
  const std::string heading = "  " + toned(kNewest.in(config.language), Tone::dim, colour);
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    (void)wait_for_store(config);
    const auto once = snapshot(config, *prices, colour);
    if (!once) {
      say_error(io, sentence_of(config, once.error()));
      return ExitCode::failed;
    }
    io.out << once->report << '\n' << heading << '\n' << once->newest;
    return ExitCode::ok;
  }
  const std::string footer = "  " + toned(kQuit.in(config.language), Tone::dim, colour);
  LiveTerminal terminal;
  do {
    auto now = snapshot(config, *prices, colour);  // a store that is not there yet may come
    if (!now) now = Snapshot{"\n  " + sentence_of(config, now.error()) + "\n", {}};
    terminal.show(fit_screen(now->report, heading, now->newest, footer, terminal_size()));
  } while (!terminal.wait());
  return ExitCode::ok;
}

}  // namespace distiq
