#include "app/chat/chat_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <utility>

#include "app/chat/clipboard.h"
#include "base/clock.h"
#include "base/file.h"
#include "money/usd_text.h"
#include "stats/summary_calendar.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file_bytes = 64u << 20;
constexpr std::string_view suffix = ".json";
constexpr std::array<const char*, 11> command_names = {"/model", "/system", "/image", "/paste", "/clear", "/save",
                                                       "/load",  "/cost",   "/help",  "/quit",  "/exit"};

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
    "  /quit, /exit     end, as Ctrl-D does\n"
    "  A line that ends with \\ goes on in the next; \"\"\" begins and ends a text of many lines.\n"
    "  Ctrl-C stops the answer, Ctrl-D ends.\n",
    "  /model [ИМЯ]     показать или сменить модель (haiku, sonnet, opus или полное имя)\n"
    "  /system [ТЕКСТ]  показать или сменить указания; /system - убирает их\n"
    "  /image ФАЙЛ      добавить картинку к следующему вопросу\n"
    "  /paste           то же с картинкой из буфера обмена (и Ctrl-V)\n"
    "  /clear           начать заново\n"
    "  /save [ИМЯ]      сохранить диалог в файл; без этого ничего не сохраняется\n"
    "  /load [ИМЯ]      продолжить сохранённый; без имени — какие есть\n"
    "  /cost            сколько этот диалог стоил и сэкономил\n"
    "  /help            это\n"
    "  /quit, /exit     выход, как и Ctrl-D\n"
    "  Строка, оканчивающаяся на \\, продолжается на следующей; \"\"\" начинает и кончает многострочный текст.\n"
    "  Ctrl-C останавливает ответ, Ctrl-D — выход.\n"};
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
constexpr Phrase kClipboard{"from the clipboard", "из буфера обмена"};
constexpr Phrase kPictureTooLarge{"The picture is larger than 5 MB, which the API refuses.",
                                  "Картинка больше 5 МБ, такую API не примет."};
constexpr Phrase kNoPicture{"This is no PNG, JPEG, GIF or WebP picture.", "Это не картинка PNG, JPEG, GIF или WebP."};
constexpr Phrase kNoFile{"There is no file {}.", "Файла {} нет."};
constexpr Phrase kUnreadable{"{} cannot be read: it is no file, larger than 64 MB, or not open to you.",
                             "{} не прочитать: это не файл, он больше 64 МБ или у вас нет к нему доступа."};
constexpr Phrase kForeign{"{} is no conversation that was saved here.", "{} — не сохранённый здесь диалог."};
constexpr Phrase kNotSaved{"It could not be saved. {}", "Сохранить не удалось. {}"};
constexpr Phrase kCost{"{} answers, {}, saved {}", "ответов: {}, {}, сэкономлено {}"};

const Phrase& picture_error(const Error& error) {
  return error.kind == ErrorKind::too_large ? kPictureTooLarge : kNoPicture;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c >= 0x80;
  });
}

}  // namespace

std::span<const char* const> ChatCommands::names() {
  return command_names;
}

void ChatCommands::run(const ChatCommand& command) {
  const std::string& argument = command.argument;
  if (command.name == "help") {
    screen_.out << kHelp.in(screen_.language) << std::flush;
  } else if (command.name == "model") {
    if (argument.empty() || set_model(argument)) screen_.line(screen_.say(kModel, state_.talk.model), Tone::dim);
  } else if (command.name == "system") {
    if (!argument.empty()) state_.talk.system = argument == "-" ? "" : argument;
    screen_.line(state_.talk.system.empty() ? kNoSystem.in(screen_.language) : printable(state_.talk.system, 2'000),
                 Tone::dim);
  } else if (command.name == "clear") {
    state_.talk.turns.clear();
    state_.images.clear();
    screen_.line(kCleared.in(screen_.language), Tone::dim);
  } else if (command.name == "image") {
    const auto bytes = read_file(argument, max_file_bytes);
    if (!bytes) {
      std::error_code ignored;
      const Phrase& why = fs::exists(argument, ignored) ? kUnreadable : kNoFile;
      return screen_.complain(screen_.say(why, argument));
    }
    add_image(*bytes, argument);
  } else if (command.name == "paste") {
    paste();
  } else if (command.name == "save") {
    save(argument);
  } else if (command.name == "load") {
    argument.empty() ? list() : void(load(argument));
  } else if (command.name == "cost") {
    screen_.line(screen_.say(kCost, state_.answers, usd_text(state_.cost, 4), usd_text(state_.saved, 4)), Tone::dim);
  } else {
    screen_.complain(screen_.say(kUnknownCommand, command.name));
  }
}

bool ChatCommands::set_model(const std::string& name) {
  const ModelInfo* model = prices_.find(name);
  if (model == nullptr && !name.starts_with("claude-")) {
    screen_.complain(screen_.say(kNoModel, name));
    return false;
  }
  state_.talk.model = model == nullptr ? name : model->id;
  return true;
}

void ChatCommands::paste() {
  const auto picture = clipboard_picture(io_.environment, screen_.language);
  if (!picture) return screen_.complain(picture.error().client_text);
  add_image(*picture, kClipboard.in(screen_.language));
}

void ChatCommands::add_image(std::string_view bytes, std::string_view name) {
  auto image = image_of(bytes);
  if (!image) return screen_.complain(picture_error(image.error()).in(screen_.language));
  const ModelInfo* model = prices_.find(state_.talk.model);
  const PicoUsd price =
      model == nullptr ? PicoUsd{} : PicoUsd{model->prices.input.value * static_cast<std::int64_t>(image->tokens())};
  screen_.line(screen_.say(kImage, printable(name, 80), image->width, image->height, (image->bytes + 1023) / 1024,
                           image->tokens(), usd_text(price, 4), prices_.short_name(state_.talk.model)),
               Tone::dim);
  state_.images.push_back(std::move(image->block));
}

std::vector<fs::path> ChatCommands::saved() const {
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
std::string ChatCommands::newest() const {
  const auto paths = saved();
  return paths.empty() ? "" : paths.front().stem().string();
}

void ChatCommands::list() const {
  const auto paths = saved();
  if (paths.empty()) screen_.line(kNoneSaved.in(screen_.language), Tone::dim);
  for (const fs::path& path : paths) screen_.line("  " + printable(path.stem().string(), 80));
}

void ChatCommands::save(std::string name) const {
  if (name.empty()) {
    name = minute_text(system_clock().wall().time_since_epoch().count());
    std::ranges::replace_if(name, [](char c) { return c == ' ' || c == ':'; }, '-');
  }
  if (!is_name(name)) return screen_.complain(kBadName.in(screen_.language));
  if (auto folder = ensure_private_directory(folder_); !folder) {
    return screen_.complain(screen_.say(kNotSaved, folder.error().for_user()));
  }
  const fs::path path = folder_ / (name + std::string(suffix));
  if (auto written = replace_file(path, write_conversation(state_.talk), 0600); !written) {
    return screen_.complain(screen_.say(kNotSaved, written.error().for_user()));
  }
  screen_.line(screen_.say(kSaved, name), Tone::dim);
}

bool ChatCommands::load(const std::string& name) {
  if (!is_name(name)) {
    screen_.complain(name.empty() ? kNoneSaved.in(screen_.language) : kBadName.in(screen_.language));
    return false;
  }
  const auto json = read_file(folder_ / (name + std::string(suffix)), max_file_bytes);
  if (!json) {
    screen_.complain(screen_.say(kNoSuch, name));
    return false;
  }
  auto found = read_conversation(*json);
  if (!found) {
    screen_.complain(screen_.say(kForeign, name));
    return false;
  }
  state_.talk = std::move(*found);
  screen_.line(screen_.say(kLoaded, name, state_.talk.turns.size()), Tone::dim);
  return true;
}

}  // namespace distiq
