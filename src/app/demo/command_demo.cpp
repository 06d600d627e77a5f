#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "app/child_process.h"
#include "app/command.h"
#include "app/config/config_parse.h"
#include "app/demo/command_demo_session.h"
#include "app/phrase.h"
#include "app/state_files.h"
#include "base/clock.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr std::chrono::seconds kPatience{15};
constexpr std::string_view kDigits = "0123456789";

// A state folder of its own, so that the demo leaves the user's records alone.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "distiq-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The port at the end of the first line that holds `before` and one, as both programs print it at their start.
std::optional<std::uint16_t> wait_for_port(ChildProcess& process, std::string_view before, std::string& text) {
  while (auto line = process.read_line(kPatience)) {
    text += *line + '\n';
    const auto at = line->find(before);
    if (at == std::string::npos) continue;
    const auto digits = std::string_view(*line).substr(at + before.size());
    const auto port = parse_whole(digits.substr(0, digits.find_first_not_of(kDigits)), 1, 65535);
    if (port) return static_cast<std::uint16_t>(*port);
  }
  return std::nullopt;
}

// Whole micro-dollars as "$0.123456".
std::string dollars(std::int64_t micros) {
  return fmt::format("${}.{:06}", micros / 1'000'000, micros % 1'000'000);
}

constexpr Phrase begins = {
    "\n  THIS IS A DEMO. It starts a proxy of its own on a free port, with an API simulator instead of Anthropic, and "
    "ends\n"
    "  with it: the address below is gone in a moment. Your settings and records are not touched.\n",
    "\n  ЭТО ДЕМОНСТРАЦИЯ. Она запускает отдельный прокси на свободном порту, вместо Anthropic — симулятор API, и "
    "закрывает\n"
    "  его в конце: адрес ниже скоро исчезнет. Ваши настройки и записи не затрагиваются.\n"};
constexpr Phrase agree = {
    "\n  The simulator keeps its own books: it billed {}, the proxy recorded {}. They agree: each of the {}\n"
    "  requests is rounded to a millionth of a dollar. Sessions, account and money were invented; nothing is kept.\n",
    "\n  Симулятор ведёт свой счёт: он выставил {}, прокси записал {}. Счета сходятся: каждый из запросов ({})\n"
    "  округлён до миллионной доли доллара. Сессии, аккаунт и деньги вымышлены; ничего не сохраняется.\n"};
constexpr Phrase next_step = {
    "  The demo's proxy has ended. To use the real one:\n    distiq-code start        (or ./run start)\n"
    "  and in another terminal\n    ANTHROPIC_BASE_URL=http://127.0.0.1:11434 claude\n\n",
    "  Прокси демонстрации завершён. Чтобы запустить настоящий:\n    distiq-code start        (или ./run start)\n"
    "  и в другом терминале\n    ANTHROPIC_BASE_URL=http://127.0.0.1:11434 claude\n\n"};
constexpr Phrase no_folder = {"A temporary folder cannot be made.", "Не удалось создать временную папку."};
constexpr Phrase no_simulator = {"The API simulator did not start.", "Симулятор API не запустился."};
constexpr Phrase no_proxy = {"The proxy did not start.", "Прокси не запустился."};
constexpr Phrase early_end = {"The proxy ended too early.", "Прокси завершился слишком рано."};
constexpr Phrase wrong_status = {"A request was answered with {} instead of 200.",
                                 "На запрос пришёл ответ {} вместо 200."};
constexpr Phrase no_line = {"The proxy printed no line for a request.", "Прокси не напечатал строку о запросе."};
constexpr Phrase no_books = {"The simulator's books cannot be read.", "Не удалось прочитать счёт симулятора."};
constexpr Phrase bad_end = {"At the end the proxy gave {} and the simulator {}.",
                            "В конце прокси вернул {}, симулятор {}."};
constexpr Phrase no_statistics = {"The statistics cannot be shown.", "Не удалось показать статистику."};
constexpr Phrase other_count = {"{} requests were played and {} recorded.", "Проиграно запросов: {}, записано: {}."};
constexpr Phrase other_money = {"The simulator billed {}, our records say {}.",
                                "Симулятор выставил {}, в наших записях {}."};

std::unexpected<Error> failed(std::string sentence) {
  return fail(ErrorKind::internal, sentence, sentence);
}

class Demo {
 public:
  Demo(const DemoOptions& options, const CommandIo& io)
      : options_(options), io_(io), language_(locale_language(io.environment)), show_(options.json ? io.err : io.out) {}

  Result<void> run() {
    if (folder_.path().empty()) return failed(say(no_folder));
    show_ << say(begins) << std::flush;
    if (auto started = start_simulator(); !started) return started;
    if (auto started = start_proxy(); !started) return started;
    const auto requests = demo_requests();
    for (const auto& request : requests) {
      if (auto played = play(request); !played) return played;
    }
    const auto billed_pico = simulator_bill();
    if (!billed_pico) return std::unexpected(billed_pico.error());
    if (auto stopped = stop_programs(); !stopped) return stopped;
    return show_and_compare(requests.size(), *billed_pico);
  }

 private:
  template <class... Values>
  [[nodiscard]] std::string say(const Phrase& phrase, const Values&... values) const {
    return distiq::say(language_, phrase, values...);
  }

  Result<void> start_simulator() {
    const auto program = options_.simulator.empty() ? own_folder() / "anthropic-sim" : options_.simulator;
    auto process = ChildProcess::start(program, {"--port", "0"}, {});
    if (!process) return std::unexpected(process.error());
    simulator_.emplace(std::move(*process));
    std::string ignored;
    const auto port = wait_for_port(*simulator_, "listening on 127.0.0.1:", ignored);
    if (!port) return failed(say(no_simulator));
    simulator_port_ = *port;
    return {};
  }

  Result<void> start_proxy() {
    auto process = ChildProcess::start(own_folder() / "distiq-code", {"start"}, assignments(settings()));
    if (!process) return std::unexpected(process.error());
    proxy_.emplace(std::move(*process));
    std::string panel;
    const auto port = wait_for_port(*proxy_, "ANTHROPIC_BASE_URL=http://127.0.0.1:", panel);
    if (!port) return failed(say(no_proxy));
    proxy_port_ = *port;
    show_ << panel << std::flush;
    return show_rest_of_panel();
  }

  // It ends with its second empty line; what follows are lines of requests.
  Result<void> show_rest_of_panel() {
    for (int empty_lines = 0; empty_lines < 2;) {
      const auto line = proxy_->read_line(kPatience);
      if (!line) return failed(say(early_end));
      if (line->empty()) ++empty_lines;
      show_ << *line << '\n';
    }
    return {};
  }

  // The proxy's whole environment: nothing of the user's settings, only how to speak and to look.
  [[nodiscard]] Variables settings() const {
    Variables result{
        {"HOME", folder_.path().string()},
        {"DISTIQ_HOME", (folder_.path() / "state").string()},
        {"ANTHROPIC_API_BASE", fmt::format("http://127.0.0.1:{}", simulator_port_)},
        {"PROXY_PORT", "0"},
        {"COLOR", is_colourful() ? "always" : "never"},
    };
    for (const auto& [name, value] : io_.environment.variables()) {
      const bool kept = name == "LANG" || name == "LC_ALL" || name == "LC_MESSAGES" || name == "TZ";
      if (kept || name.ends_with("SAN_OPTIONS")) result.emplace(name, value);
    }
    return result;
  }

  [[nodiscard]] bool is_colourful() const {
    return io_.environment.find("NO_COLOR").value_or("").empty() && ::isatty(STDOUT_FILENO) == 1;
  }

  Result<void> play(const DemoRequest& request) {
    if (!request.title.empty()) {
      const auto tab = std::min(request.title.find('\t'), request.title.size() - 1);
      const auto title = language_ == Language::russian ? request.title.substr(tab + 1) : request.title.substr(0, tab);
      show_ << fmt::format("\n# {}\n", title) << std::flush;
    }
    const auto answer = exchange_on_loopback(proxy_port_, request.message);
    if (!answer) return std::unexpected(answer.error());
    if (const int status = status_of(*answer); status != 200) {
      return failed(say(wrong_status, status));
    }
    const auto line = proxy_->read_line(kPatience);
    if (!line) return failed(say(no_line));
    show_ << *line << std::endl;
    return {};
  }

  [[nodiscard]] Result<std::int64_t> simulator_bill() const {
    const auto ledger = exchange_on_loopback(
        simulator_port_, "GET /_sim/ledger HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    if (!ledger) return std::unexpected(ledger.error());
    constexpr std::string_view key = "\"total_pico_usd\":";
    const auto at = ledger->find(key);
    if (at == std::string::npos) return failed(say(no_books));
    const auto digits = std::string_view(*ledger).substr(at + key.size());
    const auto pico = parse_whole(digits.substr(0, digits.find_first_not_of(kDigits)), 0, std::uint64_t{1} << 62);
    if (!pico) return failed(say(no_books));
    return static_cast<std::int64_t>(*pico);
  }

  Result<void> stop_programs() {
    std::vector<std::string> ignored;
    const int proxy_code = proxy_->stop(kPatience, ignored);
    const int simulator_code = simulator_->stop(kPatience, ignored);
    if (proxy_code == 0 && simulator_code == 0) return {};
    return failed(say(bad_end, proxy_code, simulator_code));
  }

  Result<void> show_and_compare(std::size_t requests, std::int64_t billed_pico) {
    ConfigSources sources;
    sources.environment = Environment(settings());
    const auto config = load_config(sources);
    if (!config) return std::unexpected(config.error());
    show_ << '\n';
    if (run_stats(*config, {.period = "all", .json = options_.json}, io_) != ExitCode::ok) {
      return failed(say(no_statistics));
    }
    auto reader = StatsReader::open(store_path(config->home).string());
    if (!reader) return std::unexpected(reader.error());
    const auto summary = reader->summary(Period::all, system_clock().wall().time_since_epoch().count());
    if (!summary) return std::unexpected(summary.error());
    return compare(summary->total, requests, billed_pico);
  }

  // Every request is in our records, and what it cost is what the simulator billed: each is rounded to a micro-dollar
  // once.
  Result<void> compare(const Totals& recorded, std::size_t requests, std::int64_t billed_pico) {
    if (static_cast<std::size_t>(recorded.requests) != requests) {
      return failed(say(other_count, requests, recorded.requests));
    }
    const auto difference = billed_pico - recorded.cost_usd_micros * 1'000'000;
    const auto billed = dollars((billed_pico + 500'000) / 1'000'000);
    if (std::abs(difference) > 500'000 * recorded.requests) {
      return failed(say(other_money, billed, dollars(recorded.cost_usd_micros)));
    }
    show_ << say(agree, billed, dollars(recorded.cost_usd_micros), requests) << say(next_step);
    return {};
  }

  const DemoOptions& options_;
  const CommandIo& io_;
  const Language language_;
  std::ostream& show_;
  TemporaryFolder folder_;
  std::optional<ChildProcess> simulator_;
  std::optional<ChildProcess> proxy_;
  std::uint16_t simulator_port_ = 0;
  std::uint16_t proxy_port_ = 0;
};

}  // namespace

ExitCode run_demo(const DemoOptions& options, const CommandIo& io) {
  const auto done = Demo(options, io).run();
  if (done) return ExitCode::ok;
  say_error(io, done.error().for_user());
  return ExitCode::failed;
}

}  // namespace distiq
