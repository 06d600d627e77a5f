#include "app/command_chat.h"

#include <editline/readline.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>

#include "app/chat_backend.h"
#include "app/clipboard.h"
#include "app/panel.h"
#include "app/phrase.h"
#include "app/price_file.h"
#include "app/state_files.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tone.h"
#include "chat/conversation.h"
#include "chat/markdown_printer.h"
#include "money/usd_text.h"
#include "stats/summary_calendar.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file_bytes = 64u << 20;
constexpr std::size_t max_piped_bytes = 16u << 20;
constexpr std::string_view suffix = ".json";
constexpr std::string_view three_quotes = "\"\"\"";

constexpr Phrase kWelcome{"{} · {} · /help for commands, Ctrl-D ends", "{} · {} · /help - команды, Ctrl-D - выход"};
constexpr Phrase kHelp{
    "  /model [NAME]    show or change the model (haiku, sonnet, opus, or an id)\n"
    "  /system [TEXT]   show or change the instructions; /system - removes them\n"
    "  /image FILE      put a picture into the next question\n"
    "  /paste           the same with the picture in the clipboard (also Ctrl-V)\n"
    "  /clear           begin anew\n"
    "  /save [NAME]     keep this conversation in a file; nothing is kept otherwise\n"
    "  /load [NAME]     go on with a saved one; without a name: which there are\n"
    "  /cost            what this conversation cost and saved\n"
    "  /help            this\n"
    "  A line that ends with \\ goes on in the next; \"\"\" begins and ends a text of many lines.\n"
    "  Ctrl-C stops the answer, Ctrl-D ends.\n",
    "  /model [ИМЯ]     показать или сменить модель (haiku, sonnet, opus или полное имя)\n"
    "  /system [ТЕКСТ]  показать или сменить указания; /system - убирает их\n"
    "  /image ФАЙЛ      добавить картинку к следующему вопросу\n"
    "  /paste           то же с картинкой из буфера обмена (и Ctrl-V)\n"
    "  /clear           начать заново\n"
    "  /save [ИМЯ]      сохранить диалог в файл; без этого ничего не сохраняется\n"
    "  /load [ИМЯ]      продолжить сохранённый; без имени - какие есть\n"
    "  /cost            сколько этот диалог стоил и сэкономил\n"
    "  /help            это\n"
    "  Строка, оканчивающаяся на \\, продолжается на следующей; \"\"\" начинает и кончает многострочный текст.\n"
    "  Ctrl-C останавливает ответ, Ctrl-D - выход.\n"};
constexpr Phrase kUnknownCommand{"There is no command /{}; see /help.", "Команды /{} нет; см. /help."};
constexpr Phrase kModel{"model {}", "модель {}"};
constexpr Phrase kNoModel{"There is no model {}.", "Модели {} нет."};
constexpr Phrase kNoSystem{"no instructions", "указаний нет"};
constexpr Phrase kCleared{"a new conversation", "новый диалог"};
constexpr Phrase kSaved{"saved as {}", "сохранено как {}"};
constexpr Phrase kLoaded{"{}: {} turns", "{}: реплик {}"};
constexpr Phrase kNoneSaved{"no conversation is saved", "сохранённых диалогов нет"};
constexpr Phrase kNoSuch{"There is no saved conversation {}.", "Сохранённого диалога {} нет."};
constexpr Phrase kBadName{"A name has letters, digits, - and _ only.", "В имени только буквы, цифры, - и _."};
constexpr Phrase kImage{"picture {}: {}x{}, {} KB, about {} tokens ({} on {}): goes with the next question",
                        "картинка {}: {}x{}, {} КБ, около {} токенов ({} на {}): уйдёт со следующим вопросом"};
constexpr Phrase kStopped{"(stopped)", "(остановлено)"};
constexpr Phrase kLost{"The connection was lost; the question can be asked again (arrow up).",
                       "Связь прервалась; вопрос можно задать снова (стрелка вверх)."};
constexpr Phrase kTooLong{"(cut: the longest answer was reached)", "(обрезано: достигнута наибольшая длина ответа)"};
constexpr Phrase kRefusedEnd{"(the model refused)", "(модель отказалась)"};
constexpr Phrase kFooter{"{} · {} in / {} out · {}{} · this chat {}", "{} · {} вход / {} выход · {}{} · диалог {}"};
constexpr Phrase kFooterSaved{" · saved {}", " · сэкономлено {}"};
constexpr Phrase kCost{"{} answers, {}, saved {}", "ответов: {}, {}, сэкономлено {}"};
constexpr Phrase kNoKey{
    "chat needs an API key in ANTHROPIC_API_KEY, or --cli to ask through your claude CLI. A subscription's login is "
    "never "
    "used for it.",
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

// The terminal itself takes Ctrl-V, for the next key as it is. Here it means the clipboard.
class TerminalWithoutQuoting {
 public:
  TerminalWithoutQuoting() {
    known_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios without = before_;
    without.c_cc[VLNEXT] = _POSIX_VDISABLE;
    if (known_) tcsetattr(STDIN_FILENO, TCSANOW, &without);
  }
  TerminalWithoutQuoting(const TerminalWithoutQuoting&) = delete;
  TerminalWithoutQuoting& operator=(const TerminalWithoutQuoting&) = delete;
  ~TerminalWithoutQuoting() {
    if (known_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

 private:
  termios before_{};
  bool known_ = false;
};

// libedit calls plain functions.
constexpr std::array<const char*, 9> command_names = {"/model", "/system", "/image", "/paste", "/clear",
                                                      "/save",  "/load",   "/cost",  "/help"};
std::function<void()>& paste_now() {
  static std::function<void()> paste;
  return paste;
}

char* next_command(const char* text, int state) {
  static std::size_t at = 0;
  if (state == 0) at = 0;
  while (at < command_names.size()) {
    const char* name = command_names[at++];
    if (std::string_view(name).starts_with(text)) return strdup(name);
  }
  return nullptr;
}

char** complete(const char* text, int start, int) {
  if (start != 0 || text[0] != '/') return nullptr;
  return rl_completion_matches(text, next_command);
}

// Ctrl-V: what is said about the picture stands above the line, which goes on as it was.
int wants_paste(int, int) {
  paste_now()();
  rl_forced_update_display();
  return 0;
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c >= 0x80;
  });
}

class Chat {
 public:
  Chat(const Config& config, const ChatOptions& options, const CommandIo& io, ChatBackend& backend, PriceTable prices)
      : config_(config),
        io_(io),
        backend_(backend),
        prices_(std::move(prices)),
        colour_(use_colour(config, STDOUT_FILENO)),
        folder_(config.home / "chats") {
    talk_.system = options.system;
  }

  // False: told already.
  bool begin(const ChatOptions& options) {
    if (!options.resume.empty() && !load(options.resume == "-" ? newest() : options.resume)) return false;
    if (!options.system.empty()) talk_.system = options.system;
    const std::string model = !options.model.empty() ? options.model : talk_.model.empty() ? "sonnet" : talk_.model;
    return set_model(model);
  }

  ExitCode answer_once(std::string_view question) {
    if (question.empty()) {
      say_error(io_, kNothingAsked.in(config_.language));
      return ExitCode::usage;
    }
    return ask(question) ? ExitCode::ok : ExitCode::failed;
  }

  ExitCode converse(std::string_view first) {
    const TerminalWithoutQuoting terminal;
    // The editor reads characters, not bytes, as the locale says; where it says nothing, UTF-8.
    if (setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
    paste_now() = [this] {
      io_.out << std::endl;
      paste();
    };
    rl_initialize();
    rl_attempted_completion_function = complete;
    rl_add_defun("distiq-paste", wants_paste, 'V' & 0x1F);
    using_history();
    stifle_history(500);
    line(say(kWelcome, prices_.short_name(talk_.model), backend_.describe(config_.language)), Tone::dim);
    if (!first.empty()) (void)ask(first);
    while (auto text = read_text()) {
      if (text->empty() && images_.empty()) continue;
      const ChatCommand command = read_command(*text);
      if (!command.name.empty()) {
        run(command);
      } else {
        (void)ask(text->starts_with("//") ? std::string_view(*text).substr(1) : *text);
      }
    }
    io_.out << std::endl;
    return ExitCode::ok;
  }

 private:
  template <class... Args>
  [[nodiscard]] std::string say(const Phrase& phrase, const Args&... args) const {
    return distiq::say(config_.language, phrase, args...);
  }
  void line(std::string_view text, Tone tone = Tone::plain) { io_.out << toned(text, tone, colour_) << std::endl; }
  void complain(std::string_view text) { line(printable(text, 1'000), Tone::bad); }

  // ---- what the user types

  // nullopt: the end. Ctrl-C gives an empty text.
  std::optional<std::string> read_text() {
    std::string text;
    bool quoted = false;
    bool goes_on = false;
    while (true) {
      auto typed = read_line(quoted || goes_on ? "… " : "› ");
      if (!typed) {
        if (interrupted.exchange(false)) {
          io_.out << std::endl;
          return "";
        }
        return quoted ? std::optional(text) : std::nullopt;
      }
      if (quoted) {
        const auto end = typed->find(three_quotes);
        text += typed->substr(0, end);
        if (end != std::string::npos) break;
        text += '\n';
        continue;
      }
      if (!goes_on && typed->starts_with(three_quotes)) {
        text = typed->substr(three_quotes.size());
        const auto end = text.find(three_quotes);
        if (end != std::string::npos) {
          text.resize(end);
          break;
        }
        if (!text.empty()) text += '\n';
        quoted = true;
        continue;
      }
      goes_on = typed->ends_with('\\');
      text += goes_on ? typed->substr(0, typed->size() - 1) + '\n' : *typed;
      if (!goes_on) break;
    }
    if (!text.empty()) add_history(text.c_str());
    return text;
  }

  std::optional<std::string> read_line(const char* prompt) {
    interrupted = false;
    io_.out.flush();
    const std::unique_ptr<char, void (*)(void*)> typed(readline(prompt), std::free);
    if (typed == nullptr) return std::nullopt;
    return std::string(typed.get());
  }

  // ---- commands

  void run(const ChatCommand& command) {
    const std::string& argument = command.argument;
    if (command.name == "help") {
      io_.out << kHelp.in(config_.language) << std::flush;
    } else if (command.name == "model") {
      if (argument.empty() || set_model(argument)) line(say(kModel, talk_.model), Tone::dim);
    } else if (command.name == "system") {
      if (!argument.empty()) talk_.system = argument == "-" ? "" : argument;
      line(talk_.system.empty() ? kNoSystem.in(config_.language) : printable(talk_.system, 2'000), Tone::dim);
    } else if (command.name == "clear") {
      talk_.turns.clear();
      images_.clear();
      line(kCleared.in(config_.language), Tone::dim);
    } else if (command.name == "image") {
      const auto bytes = read_file(argument, max_file_bytes);
      if (!bytes) return complain(bytes.error().for_user());
      add_image(*bytes, argument);
    } else if (command.name == "paste") {
      paste();
    } else if (command.name == "save") {
      save(argument);
    } else if (command.name == "load") {
      argument.empty() ? list() : void(load(argument));
    } else if (command.name == "cost") {
      line(say(kCost, answers_, usd_text(cost_, 4), usd_text(saved_, 4)), Tone::dim);
    } else {
      complain(say(kUnknownCommand, command.name));
    }
  }

  bool set_model(const std::string& name) {
    const ModelInfo* model = prices_.find(name);
    if (model == nullptr && !name.starts_with("claude-")) {
      complain(say(kNoModel, name));
      return false;
    }
    talk_.model = model == nullptr ? name : model->id;
    return true;
  }

  void paste() {
    const auto picture = clipboard_picture(io_.environment, config_.language);
    if (!picture) return complain(picture.error().client_text);
    add_image(*picture, "clipboard");
  }

  void add_image(std::string_view bytes, std::string_view name) {
    auto image = image_of(bytes);
    if (!image) return complain(image.error().client_text);
    const ModelInfo* model = prices_.find(talk_.model);
    const PicoUsd price =
        model == nullptr ? PicoUsd{} : PicoUsd{model->prices.input.value * static_cast<std::int64_t>(image->tokens())};
    line(say(kImage, printable(name, 80), image->width, image->height, (image->bytes + 1023) / 1024, image->tokens(),
             usd_text(price, 4), prices_.short_name(talk_.model)),
         Tone::dim);
    images_.push_back(std::move(image->block));
  }

  // ---- saved conversations

  [[nodiscard]] std::vector<fs::path> saved() const {
    std::vector<std::pair<fs::file_time_type, fs::path>> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      if (entry.path().extension() == suffix) found.emplace_back(entry.last_write_time(error), entry.path());
    }
    std::ranges::sort(found, std::greater<>());
    std::vector<fs::path> paths;
    for (auto& [time, path] : found) paths.push_back(std::move(path));
    return paths;
  }
  [[nodiscard]] std::string newest() const {
    const auto paths = saved();
    return paths.empty() ? "" : paths.front().stem().string();
  }

  void list() {
    const auto paths = saved();
    if (paths.empty()) line(kNoneSaved.in(config_.language), Tone::dim);
    for (const fs::path& path : paths) line("  " + printable(path.stem().string(), 80));
  }

  void save(std::string name) {
    if (name.empty()) {
      name = minute_text(system_clock().wall().time_since_epoch().count());
      std::ranges::replace_if(name, [](char c) { return c == ' ' || c == ':'; }, '-');
    }
    if (!is_name(name)) return complain(kBadName.in(config_.language));
    if (auto folder = ensure_private_directory(folder_); !folder) return complain(folder.error().client_text);
    const fs::path path = folder_ / (name + std::string(suffix));
    if (auto written = replace_file(path, write_conversation(talk_), 0600); !written) {
      return complain(written.error().for_user());
    }
    line(say(kSaved, name), Tone::dim);
  }

  bool load(const std::string& name) {
    if (!is_name(name)) {
      complain(name.empty() ? kNoneSaved.in(config_.language) : kBadName.in(config_.language));
      return false;
    }
    const auto json = read_file(folder_ / (name + std::string(suffix)), max_file_bytes);
    if (!json) {
      complain(say(kNoSuch, name));
      return false;
    }
    auto found = read_conversation(*json);
    if (!found) {
      complain(found.error().client_text);
      return false;
    }
    talk_ = std::move(*found);
    line(say(kLoaded, name, talk_.turns.size()), Tone::dim);
    return true;
  }

  // ---- questions

  bool ask(std::string_view question) {
    talk_.say(question, images_);
    interrupted = false;
    std::string text;
    const bool formatted = colour_ && isatty(STDOUT_FILENO) != 0;
    MarkdownPrinter printer(terminal_width());
    const ChatOutcome outcome = backend_.ask(talk_, interrupted, [&](std::string_view piece) {
      text += piece;
      io_.out << (formatted ? printer.feed(piece) : std::string(piece)) << std::flush;
    });
    if (formatted) io_.out << printer.end() << "\x1b[0m";
    if (!text.empty()) io_.out << std::endl;
    const bool stopped = interrupted.exchange(false);
    if (!outcome.error.empty() && !stopped) {
      talk_.unsay();
      isatty(STDOUT_FILENO) != 0 ? complain(outcome.error) : say_error(io_, outcome.error);
      if (!text.empty()) line(kLost.in(config_.language), Tone::dim);
      return false;
    }
    images_.clear();
    if (stopped && text.empty()) {
      talk_.unsay();
    } else {
      talk_.answered(text);
    }
    if (isatty(STDOUT_FILENO) == 0) return !stopped;
    if (stopped) line(kStopped.in(config_.language), Tone::dim);
    if (outcome.stop == "max_tokens") line(kTooLong.in(config_.language), Tone::doubtful);
    if (outcome.stop == "refusal") line(kRefusedEnd.in(config_.language), Tone::doubtful);
    show_price(outcome);
    return true;
  }

  void show_price(const ChatOutcome& outcome) {
    std::optional<RequestRecord> record = find_record(outcome.request_id);
    if (!record && !outcome.cost) return;
    const PicoUsd cost = record ? record->cost : *outcome.cost;
    const PicoUsd saved = record ? record->saved() : PicoUsd{};
    ++answers_;
    cost_ += cost;
    saved_ += saved;
    const std::uint64_t input = record ? record->usage.prompt() : outcome.input_tokens;
    const std::uint64_t output = record ? record->usage.output : outcome.output_tokens;
    const std::string route = !outcome.route.empty() ? outcome.route : prices_.short_name(talk_.model);
    line(say(kFooter, printable(route, 80), count_text(input), count_text(output), usd_text(cost, 4),
             saved.value == 0 ? "" : say(kFooterSaved, usd_text(saved, 4)), usd_text(cost_, 4)),
         Tone::dim);
  }

  // Records are written a moment after the answer.
  [[nodiscard]] std::optional<RequestRecord> find_record(const std::string& id) const {
    constexpr int wait_ms = 20;
    for (int i = 0; !id.empty() && i < 60 && !interrupted; ++i) {
      auto reader = StatsReader::open(store_path(config_.home).string());
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
  const bool colour_;
  const fs::path folder_;
  Conversation talk_;
  std::vector<std::string> images_;  // of the next question
  std::uint64_t answers_ = 0;
  PicoUsd cost_, saved_;
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
  Chat chat(config, options, io, *backend, std::move(*prices));
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
