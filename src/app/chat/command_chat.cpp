#include "app/chat/command_chat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <ostream>

#include "app/chat/chat_backend.h"
#include "app/chat/chat_commands.h"
#include "app/chat/chat_prompt.h"
#include "app/chat/chat_screen.h"
#include "app/phrase.h"
#include "app/price_file.h"
#include "app/state_files.h"
#include "app/use_colour.h"
#include "base/text.h"
#include "chat/markdown_printer.h"
#include "money/usd_text.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

constexpr std::size_t max_piped_bytes = 16u << 20;

constexpr Phrase kWelcome{"{} · {} · /help for commands, /quit or Ctrl-D ends",
                          "{} · {} · /help — команды, /quit или Ctrl-D — выход"};
constexpr Phrase kStopped{"(stopped)", "(остановлено)"};
constexpr Phrase kLost{"The connection was lost; the question can be asked again (arrow up).",
                       "Связь прервалась; вопрос можно задать снова (стрелка вверх)."};
constexpr Phrase kTooLong{"(cut: the longest answer was reached)", "(обрезано: достигнута наибольшая длина ответа)"};
constexpr Phrase kRefusedEnd{"(the model refused)", "(модель отказалась)"};
constexpr Phrase kFooter{"{} · {} in / {} out · {}{} · this chat {}", "{} · {} вход / {} выход · {}{} · диалог {}"};
constexpr Phrase kFooterSaved{" · saved {}", " · сэкономлено {}"};
constexpr Phrase kNoKey{
    "chat needs an API key in ANTHROPIC_API_KEY, or --cli to ask through your claude CLI. A subscription's login is "
    "never used for it.",
    "Для chat нужен ключ API в ANTHROPIC_API_KEY или --cli, чтобы спрашивать через ваш claude CLI. Вход по подписке "
    "для этого не используется."};
constexpr Phrase kNothingAsked{"Nothing was asked: give a question, or pipe a text in.",
                               "Вопроса нет: задайте его или передайте текст через канал."};

std::atomic<bool> interrupted = false;

void on_interrupt(int) {
  interrupted = true;
}

class SignalsAsFlag {
 public:
  SignalsAsFlag() {
    struct sigaction action{};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, &before_);
  }
  SignalsAsFlag(const SignalsAsFlag&) = delete;
  SignalsAsFlag& operator=(const SignalsAsFlag&) = delete;
  ~SignalsAsFlag() { sigaction(SIGINT, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

class Chat {
 public:
  Chat(const Config& config, const CommandIo& io, ChatBackend& backend, PriceTable prices)
      : config_(config),
        io_(io),
        backend_(backend),
        prices_(std::move(prices)),
        screen_{.out = io.out, .language = config.language, .colour = use_colour(config, STDOUT_FILENO)},
        commands_(config, io, screen_, prices_, state_) {}

  // False: told already.
  bool begin(const ChatOptions& options) {
    if (!options.resume.empty() && !commands_.load(options.resume == "-" ? commands_.newest() : options.resume)) {
      return false;
    }
    Conversation& talk = state_.talk;
    if (!options.system.empty()) talk.system = options.system;
    const std::string model = !options.model.empty() ? options.model : talk.model.empty() ? "sonnet" : talk.model;
    return commands_.set_model(model);
  }

  ExitCode answer_once(std::string_view question) {
    if (question.empty()) {
      say_error(io_, kNothingAsked.in(screen_.language));
      return ExitCode::usage;
    }
    return ask(question) ? ExitCode::ok : ExitCode::failed;
  }

  ExitCode converse(std::string_view first) {
    ChatPrompt prompt(io_.out, interrupted, ChatCommands::names(), [this] {
      io_.out << std::endl;
      commands_.paste();
    });
    screen_.line(screen_.say(kWelcome, prices_.short_name(state_.talk.model), backend_.describe()), Tone::dim);
    if (!first.empty()) (void)ask(first);
    while (auto text = prompt.read_text()) {
      if (text->empty() && state_.images.empty()) continue;
      const ChatCommand command = read_command(*text);
      if (ChatCommands::ends(command)) return ExitCode::ok;
      if (!command.name.empty()) {
        commands_.run(command);
      } else {
        (void)ask(text->starts_with("//") ? std::string_view(*text).substr(1) : *text);
      }
    }
    io_.out << std::endl;
    return ExitCode::ok;
  }

 private:
  bool ask(std::string_view question) {
    state_.talk.say(question, state_.images);
    interrupted = false;
    std::string text;
    const bool formatted = screen_.colour && isatty(STDOUT_FILENO) != 0;
    MarkdownPrinter printer(terminal_width());
    const ChatOutcome outcome = backend_.ask(state_.talk, interrupted, [&](std::string_view piece) {
      text += piece;
      io_.out << (formatted ? printer.feed(piece) : std::string(piece)) << std::flush;
    });
    if (formatted) io_.out << printer.end() << "\x1b[0m";
    if (!text.empty()) io_.out << std::endl;
    const bool stopped = interrupted.exchange(false);
    if (!outcome.error.empty() && !stopped) {
      state_.talk.unsay();
      isatty(STDOUT_FILENO) != 0 ? screen_.complain(outcome.error) : say_error(io_, outcome.error);
      if (!text.empty()) screen_.line(kLost.in(screen_.language), Tone::dim);
      return false;
    }
    state_.images.clear();
    if (stopped && text.empty()) {
      state_.talk.unsay();
    } else {
      state_.talk.answered(text);
    }
    if (isatty(STDOUT_FILENO) == 0) return !stopped;
    if (stopped) screen_.line(kStopped.in(screen_.language), Tone::dim);
    if (outcome.stop == "max_tokens") screen_.line(kTooLong.in(screen_.language), Tone::doubtful);
    if (outcome.stop == "refusal") screen_.line(kRefusedEnd.in(screen_.language), Tone::doubtful);
    show_price(outcome);
    return true;
  }

  void show_price(const ChatOutcome& outcome) {
    std::optional<RequestRecord> record = find_record(outcome.request_id);
    if (!record && !outcome.cost) return;
    const PicoUsd cost = record ? record->cost : *outcome.cost;
    const PicoUsd saved = record ? record->saved() : PicoUsd{};
    ++state_.answers;
    state_.cost += cost;
    state_.saved += saved;
    const std::uint64_t input = record ? record->usage.prompt() : outcome.input_tokens;
    const std::uint64_t output = record ? record->usage.output : outcome.output_tokens;
    const std::string route = !outcome.route.empty() ? outcome.route : prices_.short_name(state_.talk.model);
    screen_.line(
        screen_.say(kFooter, printable(route, 80), count_text(input), count_text(output), usd_text(cost, 4),
                    saved.value == 0 ? "" : screen_.say(kFooterSaved, usd_text(saved, 4)), usd_text(state_.cost, 4)),
        Tone::dim);
  }

  // Records are written a moment after the answer.
  [[nodiscard]] std::optional<RequestRecord> find_record(const std::string& id) const {
    constexpr int wait_ms = 20;
    std::optional<StatsReader> reader;
    for (int i = 0; !id.empty() && i < 60 && !interrupted; ++i) {
      if (!reader) {
        // A new proxy makes its store with the first record.
        if (auto opened = StatsReader::open(store_path(config_.home).string())) reader.emplace(*std::move(opened));
      }
      if (reader) {
        if (auto found = reader->find_record(id); found && *found) return **std::move(found);
      }
      poll(nullptr, 0, wait_ms);  // ends early with Ctrl-C
    }
    return std::nullopt;
  }

  const Config& config_;
  const CommandIo& io_;
  ChatBackend& backend_;
  const PriceTable prices_;
  const ChatScreen screen_;
  ChatState state_;
  ChatCommands commands_;
};

std::string all_of_stdin() {
  std::string text;
  std::array<char, 16 * 1024> block;
  while (text.size() < max_piped_bytes) {
    const ssize_t count = read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

ExitCode run_chat(const Config& config, const ChatOptions& options, const CommandIo& io) {
  auto prices = load_prices(config.models_file);
  if (!prices) {
    say_error(io, prices.error().client_text);
    return ExitCode::bad_config;
  }
  if (!options.use_cli && io.environment.find("ANTHROPIC_API_KEY").value_or("").empty()) {
    say_error(io, kNoKey.in(config.language));
    return ExitCode::bad_config;
  }
  ExitCode code = ExitCode::ok;
  auto backend = make_chat_backend(config, options.use_cli, options.setting_arguments, io, code);
  if (backend == nullptr) return code;
  const SignalsAsFlag signals;
  Chat chat(config, io, *backend, std::move(*prices));
  if (!chat.begin(options)) return ExitCode::failed;
  std::string question = fmt::format("{}", fmt::join(options.words, " "));
  if (isatty(STDIN_FILENO) != 0) {
    if (isatty(STDOUT_FILENO) != 0) return chat.converse(question);
    return chat.answer_once(question);
  }
  const std::string piped = all_of_stdin();
  if (!piped.empty()) question += (question.empty() ? "" : "\n\n") + piped;
  return chat.answer_once(question);
}

}  // namespace distiq
