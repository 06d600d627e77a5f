#include "app/setup/command_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>

#include "app/ask.h"
#include "app/child_process.h"
#include "app/config/config_parse.h"
#include "app/phrase.h"
#include "app/port_probe.h"
#include "app/setup/service_files.h"
#include "base/file.h"
#include "base/text.h"
#include "money/price_table.h"
#include "setup/json_outline.h"
#include "setup/setup_files.h"
#include "setup/text_diff.h"
#include "setup/upstream_line.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

// Below it, deferred tools are off behind a custom base URL: 24 tools in every prompt (measured with 2.1.197;
// in 2.1.330 they are on).
constexpr ClaudeVersion kToolSearchByItself{2, 1, 330};

const JsonPath kBaseUrl{"env", "ANTHROPIC_BASE_URL"};

constexpr Phrase found = {"Claude Code {} at {}", "Claude Code {}: {}"};
constexpr Phrase unknown_version = {"(version unknown)", "(версия неизвестна)"};
constexpr Phrase not_found = {
    "warning: Claude Code was not found in PATH. The settings file is written all the same: its editor extensions read "
    "it too. Install it with: npm install -g @anthropic-ai/claude-code",
    "внимание: Claude Code не найден в PATH. Файл настроек всё равно будет записан: его читают и расширения для "
    "редакторов. Установка: npm install -g @anthropic-ai/claude-code"};
constexpr Phrase login = {"login: {} (seen by name, not read)", "вход: {} (видно по имени, не прочитано)"};
constexpr Phrase no_login = {"login: none visible from outside; Claude Code itself will ask if it needs one",
                             "вход: снаружи не виден; если понадобится, Claude Code спросит сам"};
constexpr Phrase already = {"{} is set up already: nothing to do.", "{} уже настроен: делать нечего."};
constexpr Phrase kept = {"left as you have it: {}", "оставлено как у вас: {}"};
constexpr Phrase new_upstream = {
    "ANTHROPIC_BASE_URL is {} now: the proxy will send requests there (ANTHROPIC_API_BASE in {}).",
    "Сейчас ANTHROPIC_BASE_URL равен {}: прокси будет отправлять запросы туда (ANTHROPIC_API_BASE в {})."};
constexpr Phrase question = {"Change {}? [y/N] ", "Изменить {}? [д/Н] "};
constexpr Phrase nothing_changed = {"Nothing was changed.", "Ничего не изменено."};
constexpr Phrase written = {"Written: {}", "Записано:    {}"};
constexpr Phrase backup = {"Backup:  {}", "Копия:       {}"};
constexpr Phrase way_back = {"Undo:    distiq-code setup --undo{}", "Вернуть:     distiq-code setup --undo{}"};
constexpr Phrase running = {"The proxy is running: new Claude Code sessions use it.",
                            "Прокси работает: новые сессии Claude Code пойдут через него."};
constexpr Phrase not_running = {
    "The proxy is not running yet, and Claude Code needs it from now on: distiq-code start --background",
    "Прокси ещё не запущен, а Claude Code теперь без него не обойдётся: distiq-code start --background"};
constexpr Phrase token_set = {
    "warning: PROXY_TOKEN is set and is not written into settings. Add \"ANTHROPIC_CUSTOM_HEADERS\": \"x-distiq-token: "
    "...\" to \"env\" yourself, or start Claude Code with: distiq-code run -- claude",
    "внимание: PROXY_TOKEN задан и в настройки не записывается. Добавьте в \"env\" сами: \"ANTHROPIC_CUSTOM_HEADERS\": "
    "\"x-distiq-token: ...\", или запускайте Claude Code так: distiq-code run -- claude"};
constexpr Phrase nothing_to_undo = {"{} was not set up by distiq-code: nothing to undo.",
                                    "{} не настраивался через distiq-code: возвращать нечего."};
constexpr Phrase undone = {"{} is as it was before.", "{} снова как был."};
constexpr Phrase undone_partly = {"{}: our keys are removed; your later changes stay.",
                                  "{}: наши ключи убраны, ваши более поздние изменения остались."};
constexpr Phrase removed = {"{} is removed: set-up had made it.", "{} удалён: его создал setup."};
constexpr Phrase changed_meanwhile = {"{} changed while you were asked. Please run setup again.",
                                      "{} изменился, пока вы отвечали. Запустите setup ещё раз."};
constexpr Phrase cannot_edit = {"{} {}. Nothing was changed.", "{} {}. Ничего не изменено."};
constexpr Phrase two_upstreams = {
    "ANTHROPIC_BASE_URL is {}, but ANTHROPIC_API_BASE is {} (from {}). Remove one of them. Nothing was changed.",
    "ANTHROPIC_BASE_URL равен {}, а ANTHROPIC_API_BASE — {} (из {}). Уберите одно из двух. Ничего не изменено."};
constexpr Phrase strange_upstream = {
    "ANTHROPIC_BASE_URL is {}, which cannot be an upstream of this proxy. Nothing was changed.",
    "ANTHROPIC_BASE_URL равен {}: таким адрес апстрима быть не может. Ничего не изменено."};

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// As one word of a POSIX shell.
std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-=";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string names_of(const std::vector<JsonPath>& paths) {
  std::string list;
  for (const auto& path : paths) list += (list.empty() ? "" : ", ") + path.text();
  return list;
}

// What may be a secret in "env" is not for a screen that somebody may copy into a bug report.
std::string without_secrets(std::string text) {
  const auto root = outline_json(text);
  if (!root) return text;
  const auto* env = root->find("env");
  const auto object = env == nullptr ? std::nullopt : outline_member(text, *env);
  if (!object) return text;
  for (auto member = object->members.rbegin(); member != object->members.rend(); ++member) {
    const bool secret =
        std::ranges::any_of(std::array{"KEY", "TOKEN", "SECRET", "PASSWORD", "CUSTOM_HEADERS"},
                            [&](const char* part) { return member->key.find(part) != std::string::npos; });
    if (secret) text.replace(member->value.begin, member->value.end - member->value.begin, "\"...\"");
  }
  return text;
}

class Setup {
 public:
  Setup(const Config& config, const SetupOptions& options, std::istream& answers, const CommandIo& io)
      : config_(config),
        options_(options),
        answers_(answers),
        io_(io),
        file_(settings_file()),
        store_(config.home, file_) {}

  ExitCode run() {
    auto text = read_settings_text(file_);
    if (!text) return refuse(text.error());
    auto stored = store_.load();
    if (!stored) return refuse(stored.error());
    return options_.undo ? undo(*text, *stored) : set_up(*text, *stored);
  }

 private:
  [[nodiscard]] fs::path settings_file() const {
    std::error_code ignored;
    if (options_.scope == "project") return fs::current_path(ignored) / ".claude" / "settings.local.json";
    return fs::absolute(claude_folder(io_.environment) / "settings.json", ignored);
  }

  template <class... Args>
  [[nodiscard]] std::string say(const Phrase& phrase, const Args&... args) const {
    return distiq::say(config_.language, phrase, args...);
  }

  ExitCode refuse(const Error& error) {
    say_error(io_, error.client_text);
    return ExitCode::bad_config;
  }

  // For errors whose text goes behind the name of the settings file.
  ExitCode refuse_file(const Error& error) {
    say_error(io_, say(cannot_edit, file_.string(), error.client_text));
    return ExitCode::bad_config;
  }

  std::optional<ClaudeVersion> show_claude_code() {
    const auto claude = find_claude_code(io_.environment);
    if (!claude) {
      say_error(io_, say(not_found));
      return std::nullopt;
    }
    const auto version = claude->version ? claude->version->text() : say(unknown_version);
    io_.out << say(found, version, claude->program.string()) << '\n';
    std::string logins;
    for (const auto& name : visible_logins(io_.environment)) logins += (logins.empty() ? "" : ", ") + name;
    io_.out << (logins.empty() ? say(no_login) : say(login, logins)) << '\n';
    return claude->version;
  }

  ExitCode set_up(const std::optional<std::string>& text, const std::optional<StoredSetup>& stored) {
    const auto version = show_claude_code();
    const bool ours = stored && text;  // a file that was deleted since is set up afresh
    const auto url = local_url(config_, config_.listen.port);
    auto plan =
        plan_setup(text, wanted_settings(url, version, status_line_command()), ours ? &stored->receipt : nullptr);
    if (!plan) return refuse_file(plan.error());
    if (!plan->kept.empty()) io_.out << say(kept, names_of(plan->kept)) << '\n';
    if (!config_.listen.token.empty()) say_error(io_, say(token_set));
    if (text && plan->text == *text) {
      io_.out << say(already, file_.string()) << '\n';
      return ExitCode::ok;
    }
    auto upstream = foreign_upstream(text.value_or("{}"), ours ? &stored->receipt : nullptr, url);
    if (!upstream) return refuse(upstream.error());
    if (!upstream->empty()) {
      plan->receipt.upstream = *upstream;
      io_.out << say(new_upstream, *upstream, (config_.home / ".env").string()) << '\n';
    }
    if (!agreed(text, plan->text)) return options_.dry_run ? ExitCode::ok : ExitCode::failed;
    return write(text, *plan, ours ? *stored : StoredSetup{text.value_or(""), {}});
  }

  [[nodiscard]] std::string status_line_command() const {
    auto command = shell_word(own_program().string()) + " statusline";
    // Claude Code's environment need not be the one of this shell.
    if (config_.home != io_.environment.home() / ".distiq-code") {
      command += " --set " + shell_word("DISTIQ_HOME=" + config_.home.string());
    }
    return command;
  }

  // The address that Claude Code used so far, if that is neither Anthropic's nor ours: "" then.
  [[nodiscard]] Result<std::string> foreign_upstream(const std::string& text, const SetupReceipt* earlier,
                                                     const std::string& url) const {
    const auto raw = find_json(text.find('{') == std::string::npos ? "{}" : text, kBaseUrl);
    if (!raw) return std::unexpected(raw.error());
    if (earlier != nullptr) {
      for (const auto& change : earlier->changes) {
        if (change.path == kBaseUrl && *raw == change.after) return "";
      }
    }
    // Settings are stronger than the shell's environment: an address there would silently be out of use.
    const auto in_shell = std::string(io_.environment.find("ANTHROPIC_BASE_URL").value_or(""));
    const auto address = *raw ? json_string_value(**raw).value_or("") : in_shell;
    if (address.empty() || address == url) return "";
    const auto upstream = parse_upstream(address);
    if (!upstream) return stop(say(strange_upstream, printable(address)));
    const bool is_our_port = is_loopback_host(upstream->host) &&
                             identify_port_occupant("127.0.0.1", upstream->port) == PortOccupant::distiq_code;
    if (is_our_port || *upstream == config_.upstream) return "";
    const auto* entry = config_.find("ANTHROPIC_API_BASE");
    if (entry != nullptr && entry->origin != ConfigOrigin::default_value) {
      return stop(say(two_upstreams, upstream->origin(), config_.upstream.origin(), entry->source));
    }
    return upstream->origin();
  }

  static std::unexpected<Error> stop(std::string sentence) { return fail(ErrorKind::bad_config, sentence, sentence); }

  // Shows what would change and asks, as far as the options want it.
  bool agreed(const std::optional<std::string>& text, const std::string& next) {
    io_.out << '\n' << unified_diff(without_secrets(text.value_or("")), without_secrets(next), file_.string()) << '\n';
    if (options_.dry_run) {
      io_.out << say(nothing_changed) << '\n';
      return false;
    }
    if (options_.yes) return true;
    io_.out << say(question, file_.string()) << std::flush;
    if (confirms(answers_)) return true;
    io_.out << say(nothing_changed) << '\n';
    return false;
  }

  // The copy is there before the file changes, so that there is no moment without a way back.
  ExitCode write(const std::optional<std::string>& text, const SetupPlan& plan, StoredSetup stored) {
    const auto replayed = replay_changes(stored.before, stored.receipt);
    if (!stored.receipt.changes.empty() && (!replayed || *replayed != *text)) {
      // Edited by the user since: what undo would leave is the new state from before.
      const auto base = plan_undo(*text, stored.receipt);
      if (!base) return refuse_file(base.error());
      stored.before = base->text;
    }
    const bool existed = stored.receipt.changes.empty() ? text.has_value() : is_kept_at_undo(stored);
    stored.receipt = plan.receipt;
    stored.receipt.existed = existed;
    std::error_code ignored;
    if (!fs::exists(file_.parent_path(), ignored)) stored.receipt.folder_added = true;
    if (auto saved = store_.save(stored); !saved) return refuse(saved.error());
    if (auto done = add_upstream(stored.receipt.upstream); !done) return refuse(done.error());
    if (stored.receipt.folder_added && !fs::exists(file_.parent_path(), ignored)) {
      if (auto made = ensure_private_directory(file_.parent_path()); !made) return refuse(made.error());
    }
    if (auto done = replace(text, plan.text); !done) {
      if (stored.receipt.changes.empty()) store_.forget();
      return refuse(done.error());
    }
    io_.out << say(written, file_.string()) << '\n';
    if (existed) io_.out << say(backup, store_.copy_file().string()) << '\n';
    io_.out << say(way_back, options_.scope == "project" ? " --scope project" : "") << '\n';
    const bool serving = identify_port_occupant(config_.listen.host, config_.listen.port) == PortOccupant::distiq_code;
    io_.out << (serving ? say(running) : say(not_running)) << '\n';
    return ExitCode::ok;
  }

  // A file that set-up made and the user has written into since is theirs.
  static bool is_kept_at_undo(const StoredSetup& stored) {
    const auto before = outline_json(stored.before);
    return stored.receipt.existed || (before && !before->members.empty());
  }

  // Claude Code writes this file as well: what was read is what must be replaced.
  Result<void> replace(const std::optional<std::string>& text, const std::string& next) {
    const auto now = read_settings_text(file_);
    if (!now) return std::unexpected(now.error());
    if (*now != text) return stop(say(changed_meanwhile, file_.string()));
    return replace_file(file_, next, 0600);
  }

  Result<void> add_upstream(const std::string& upstream) {
    if (upstream.empty()) return {};
    const auto env_file = config_.home / ".env";
    const auto text = read_settings_text(env_file);
    if (!text) return std::unexpected(text.error());
    return replace_file(env_file, with_upstream_line(text->value_or(""), upstream), 0600);
  }

  void remove_upstream(const std::string& upstream) {
    const auto env_file = config_.home / ".env";
    const auto text = read_settings_text(env_file);
    if (upstream.empty() || !text || !*text) return;
    const auto next = without_upstream_line(**text, upstream);
    std::error_code ignored;
    if (next.empty()) {
      fs::remove(env_file, ignored);
    } else if (next != **text) {
      (void)replace_file(env_file, next, 0600);  // the line stays then, and `config` shows it
    }
  }

  ExitCode undo(const std::optional<std::string>& text, const std::optional<StoredSetup>& stored) {
    if (!stored) {
      io_.out << say(nothing_to_undo, file_.string()) << '\n';
      return ExitCode::ok;
    }
    const auto& receipt = stored->receipt;
    if (!text) return end_undo(receipt, say(undone, file_.string()));  // deleted since
    const auto replayed = replay_changes(stored->before, receipt);
    const bool untouched = replayed && *replayed == *text;
    auto plan = untouched ? Result<UndoPlan>(UndoPlan{stored->before, {}}) : plan_undo(*text, receipt);
    if (!plan) return refuse_file(plan.error());
    if (!plan->kept.empty()) io_.out << say(kept, names_of(plan->kept)) << '\n';
    const auto rest = outline_json(plan->text);
    const bool remove = !receipt.existed && (untouched || (rest && rest->members.empty()));
    if (!agreed(text, remove ? "" : plan->text)) return options_.dry_run ? ExitCode::ok : ExitCode::failed;
    std::error_code failed;
    if (remove) {
      fs::remove(file_, failed);
      if (failed) return refuse(Error{ErrorKind::bad_config, "", failed.message()});
      return end_undo(receipt, say(removed, file_.string()));
    }
    if (auto done = replace(text, plan->text); !done) return refuse(done.error());
    return end_undo(receipt, say(untouched ? undone : undone_partly, file_.string()));
  }

  ExitCode end_undo(const SetupReceipt& receipt, const std::string& sentence) {
    std::error_code ignored;
    if (receipt.folder_added) fs::remove(file_.parent_path(), ignored);  // where it is empty
    remove_upstream(receipt.upstream);
    store_.forget();
    io_.out << sentence << '\n';
    return ExitCode::ok;
  }

  const Config& config_;
  const SetupOptions& options_;
  std::istream& answers_;
  const CommandIo& io_;
  const fs::path file_;
  const SetupStore store_;
};

}  // namespace

std::vector<WantedSetting> wanted_settings(const std::string& url, const std::optional<ClaudeVersion>& version,
                                           const std::string& status_line_command) {
  std::vector<WantedSetting> wanted = {
      {kBaseUrl, json_text(url), /*replaces_foreign=*/true},
      {{"env", "CLAUDE_CODE_GATEWAY_HINT_HEADERS"}, "\"1\""},
  };
  // Behind a custom base URL the client's helper calls (titles, web fetches) would use the session's main model.
  if (const auto* haiku = PriceTable::builtin().find("haiku")) {
    wanted.push_back({{"env", "ANTHROPIC_DEFAULT_HAIKU_MODEL"}, json_text(haiku->id)});
  }
  if (needs_tool_search(version)) wanted.push_back({{"env", "ENABLE_TOOL_SEARCH"}, "\"true\""});
  wanted.push_back(
      {{"", "statusLine"}, fmt::format(R"({{"type": "command", "command": {}}})", json_text(status_line_command))});
  return wanted;
}

bool needs_tool_search(const std::optional<ClaudeVersion>& version) {
  return version && *version < kToolSearchByItself;
}

ExitCode run_setup(const Config& config, const SetupOptions& options, std::istream& answers, const CommandIo& io) {
  const auto code = Setup(config, options, answers, io).run();
  if (code != ExitCode::ok) return code;
  if (options.service && !options.undo) return install_service(config, options, answers, io);
  if (options.undo && !options.dry_run && options.scope == "user") remove_service(config, io);
  return code;
}

}  // namespace distiq
