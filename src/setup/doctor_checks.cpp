#include "setup/doctor_checks.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/text.h"

namespace distiq {
namespace {

constexpr std::int64_t kClockWarning_s = 60;
constexpr std::int64_t kClockFailure_s = 300;   // certificates and rate-limit resets no longer fit
constexpr std::uint64_t kLowDisk = 200u << 20;  // room for a year of records
constexpr std::uint64_t kNoDisk = 20u << 20;
constexpr std::int64_t kFewRequests = 5;      // below it a share says nothing
constexpr std::int64_t kGoodCacheShare = 60;  // per cent; a healthy session is above 80

class Checks {
 public:
  explicit Checks(const DoctorFacts& facts) : f_(facts) {}

  std::vector<Check> all() && {
    proxy();
    version();
    claude();
    settings();
    shell();
    other_provider();
    loopback_proxy();
    tool_search();
    hint_headers();
    helper_model();
    upstream();
    clock();
    traces();
    store();
    prompt_cache();
    disk();
    return std::move(checks_);
  }

 private:
  // English or Russian.
  [[nodiscard]] std::string say(const char* english, const char* russian) const {
    return f_.russian ? russian : english;
  }
  template <class... Args>
  [[nodiscard]] std::string say(const char* english, const char* russian, const Args&... args) const {
    return fmt::format(fmt::runtime(f_.russian ? russian : english), args...);
  }
  void add(std::string_view id, CheckState state, std::string what, std::string advice = {}) {
    checks_.push_back({id, state, std::move(what), std::move(advice)});
  }
  [[nodiscard]] std::string variable(std::string_view name) const {
    return f_.claude.variable ? f_.claude.variable(name).value_or("") : "";
  }

  void proxy() {
    const auto& p = f_.proxy;
    switch (p.holder) {
      case PortHolder::distiq_code:
        return p.healthy_answer
                   ? add("proxy", CheckState::ok, say("the proxy answers at {}", "прокси отвечает на {}", p.url))
                   : add("proxy", CheckState::warning,
                         say("a distiq-code answers at {}, but not to us", "distiq-code отвечает на {}, но не нам",
                             p.url),
                         say("it asks for a token: set PROXY_TOKEN as it was started with",
                             "он требует токен: задайте PROXY_TOKEN, с которым он запущен"));
      case PortHolder::ollama:
        return add("proxy", CheckState::failure, say("Ollama has the port of {}", "порт {} занят Ollama", p.url),
                   say("take another one: PROXY_PORT=11435 in ~/.distiq-code/.env, then distiq-code setup",
                       "возьмите другой: PROXY_PORT=11435 в ~/.distiq-code/.env, затем distiq-code setup"));
      case PortHolder::other:
        return add(
            "proxy", CheckState::failure,
            say("another program has the port of {}", "порт {} занят другой программой", p.url),
            say("stop it, or take another port: PROXY_PORT in ~/.distiq-code/.env, then distiq-code setup",
                "остановите её или возьмите другой порт: PROXY_PORT в ~/.distiq-code/.env, затем distiq-code setup"));
      case PortHolder::nobody:
        break;
    }
    add("proxy", CheckState::failure, say("nothing listens at {}", "на {} никто не слушает", p.url),
        "distiq-code start --background");
  }

  void version() {
    const auto& p = f_.proxy;
    if (p.running_version.empty()) return add("version", CheckState::skipped, "distiq-code " + p.our_version);
    if (p.running_version == p.our_version) return add("version", CheckState::ok, "distiq-code " + p.our_version);
    add("version", CheckState::warning,
        say("the running proxy is version {}, this program {}", "работает версия {}, а эта программа — {}",
            p.running_version, p.our_version),
        "distiq-code stop && distiq-code start --background");
  }

  void claude() {
    const auto& c = f_.claude;
    if (!c.found) {
      return add("claude", CheckState::warning, say("Claude Code is not in PATH", "Claude Code не найден в PATH"),
                 "npm install -g @anthropic-ai/claude-code");
    }
    add("claude", CheckState::ok,
        c.version.empty() ? say("Claude Code, version unknown", "Claude Code, версия неизвестна")
                          : "Claude Code " + c.version);
  }

  void settings() {
    const auto& c = f_.claude;
    if (!c.settings_error.empty()) {
      return add(
          "settings", CheckState::failure, fmt::format("{} {}", c.settings_file, c.settings_error),
          say("repair that file: Claude Code ignores all of it", "исправьте этот файл: Claude Code его не читает"));
    }
    if (c.settings_base_url.empty()) {
      const bool in_shell = c.shell_base_url == f_.proxy.url;
      return add(
          "settings", in_shell ? CheckState::ok : CheckState::warning,
          say("no settings file sends Claude Code to the proxy", "ни один файл настроек не ведёт Claude Code в прокси"),
          in_shell ? ""
                   : say("distiq-code setup, or distiq-code run -- claude",
                         "distiq-code setup, или distiq-code run -- claude"));
    }
    if (c.settings_base_url == f_.proxy.url) {
      return add("settings", CheckState::ok, say("{} leads to the proxy", "{} ведёт в прокси", c.settings_file));
    }
    add("settings", CheckState::failure,
        c.settings_port_answers
            ? say("{} sends Claude Code to {}, not to {}", "{} ведёт Claude Code на {}, а не на {}", c.settings_file,
                  printable(c.settings_base_url), f_.proxy.url)
            : say("{} sends Claude Code to {}, where nothing answers",
                  "{} ведёт Claude Code на {}, где никто не отвечает", c.settings_file, printable(c.settings_base_url)),
        "distiq-code setup");
  }

  void shell() {
    const auto& c = f_.claude;
    if (c.shell_base_url.empty() || c.shell_base_url == f_.proxy.url) {
      return add("shell", CheckState::ok,
                 say("no other ANTHROPIC_BASE_URL in this shell", "в этой оболочке нет другого ANTHROPIC_BASE_URL"));
    }
    const bool dead = !c.shell_port_answers;
    const bool decides = c.settings_base_url.empty();
    add("shell", decides ? CheckState::failure : CheckState::warning,
        dead ? say("ANTHROPIC_BASE_URL={} in this shell is stale: nothing answers there",
                   "ANTHROPIC_BASE_URL={} в этой оболочке устарел: там никто не отвечает", printable(c.shell_base_url))
             : say("ANTHROPIC_BASE_URL={} in this shell leads past the proxy",
                   "ANTHROPIC_BASE_URL={} в этой оболочке ведёт мимо прокси", printable(c.shell_base_url)),
        say("unset ANTHROPIC_BASE_URL, and remove it from your shell's start files",
            "unset ANTHROPIC_BASE_URL, и уберите его из файлов запуска оболочки"));
  }

  void other_provider() {
    for (const char* name : {"CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"}) {
      const auto value = variable(name);
      if (value.empty() || value == "0" || value == "false") continue;
      return add("provider", CheckState::failure,
                 say("{} is set: Claude Code does not use ANTHROPIC_BASE_URL then",
                     "задано {}: тогда Claude Code не использует ANTHROPIC_BASE_URL", name),
                 say("unset it", "уберите эту переменную"));
    }
    if (!variable("_CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL").empty()) {
      return add(
          "provider", CheckState::warning,
          say("_CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL is set: requests carry a check value and are never edited",
              "задано _CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL: в запросах контрольное значение, их нельзя менять"),
          say("unset it", "уберите эту переменную"));
    }
    add("provider", CheckState::ok,
        say("Claude Code talks to the Anthropic API", "Claude Code обращается к API Anthropic"));
  }

  void loopback_proxy() {
    if (!f_.claude.http_proxy_covers_loopback) {
      return add("corporate_proxy", CheckState::ok,
                 say("no HTTP_PROXY between Claude Code and loopback", "между Claude Code и loopback нет HTTP_PROXY"));
    }
    add("corporate_proxy", CheckState::warning,
        say("HTTP_PROXY is set and NO_PROXY leaves 127.0.0.1 out: Claude Code may ask the corporate proxy for us",
            "задан HTTP_PROXY, а NO_PROXY не исключает 127.0.0.1: Claude Code может искать нас через корпоративный "
            "прокси"),
        "NO_PROXY=127.0.0.1,localhost");
  }

  void tool_search() {
    const auto value = variable("ENABLE_TOOL_SEARCH");
    const bool off = value == "0" || value == "false" || value == "no" || value == "off" || value == "auto:100";
    if (off || !variable("CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS").empty() ||
        (value.empty() && f_.claude.needs_tool_search)) {
      return add("tool_search", CheckState::warning,
                 say("tool search is off: every prompt carries every tool",
                     "поиск инструментов выключен: все инструменты в каждом промпте"),
                 say("distiq-code setup, and remove ENABLE_TOOL_SEARCH=0 and CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS",
                     "distiq-code setup, и уберите ENABLE_TOOL_SEARCH=0 и CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS"));
    }
    add("tool_search", CheckState::ok, say("tool search is on", "поиск инструментов включён"));
  }

  void hint_headers() {
    const auto& p = f_.proxy;
    const bool asked_for = variable("CLAUDE_CODE_GATEWAY_HINT_HEADERS") == "1";
    if (p.recent_requests > 0 && p.newest_has_hints) {
      return add(
          "hint_headers", CheckState::ok,
          say("Claude Code says what its requests are for ({} of the newest {})",
              "Claude Code говорит, для чего его запросы ({} из последних {})", p.with_hints, p.recent_requests));
    }
    if (p.recent_requests > 0 && asked_for) {
      return add(
          "hint_headers", CheckState::warning,
          say("CLAUDE_CODE_GATEWAY_HINT_HEADERS is 1, but the newest request came without hints ({} of {} had them)",
              "CLAUDE_CODE_GATEWAY_HINT_HEADERS равно 1, но последний запрос пришёл без них (были в {} из {})",
              p.with_hints, p.recent_requests),
          say("start Claude Code again: a session keeps the settings that it began with; an old version has none",
              "перезапустите Claude Code: сессия живёт с настройками, с которыми началась; старые версии "
              "подсказок не шлют"));
    }
    if (asked_for) {
      return add("hint_headers", CheckState::ok,
                 say("Claude Code is told to say what its requests are for; none has come yet",
                     "Claude Code должен говорить, для чего его запросы; их пока не было"));
    }
    add("hint_headers", CheckState::warning,
        say("CLAUDE_CODE_GATEWAY_HINT_HEADERS is not 1: what a request is for must be guessed",
            "CLAUDE_CODE_GATEWAY_HINT_HEADERS не равно 1: назначение запросов приходится угадывать"),
        "distiq-code setup");
  }

  void helper_model() {
    if (!variable("ANTHROPIC_DEFAULT_HAIKU_MODEL").empty() || !variable("ANTHROPIC_SMALL_FAST_MODEL").empty()) {
      return add("helper_model", CheckState::ok,
                 say("helper calls have a cheaper model of their own", "у служебных вызовов своя модель, дешевле"));
    }
    add("helper_model", CheckState::warning,
        say("ANTHROPIC_DEFAULT_HAIKU_MODEL is not set: titles and web fetches run on the main model",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL не задан: заголовки и веб-страницы обрабатывает основная модель"),
        "distiq-code setup");
  }

  void traces() {
    const auto& c = f_.collector;
    if (c.url.empty()) return;
    if (c.error.empty() && c.status / 100 == 2) {
      return add("traces", CheckState::ok,
                 say("the collector of traces answers at {}", "сборщик трасс отвечает на {}", c.url));
    }
    const auto what = c.error.empty() ? say("it answers {}", "он отвечает {}", c.status) : printable(c.error, 300);
    const auto advice =
        c.status == 401 || c.status == 403
            ? say("its key belongs into OTLP_HEADERS", "его ключ задаётся в OTLP_HEADERS")
            : say("see OTLP_ENDPOINT in distiq-code config: OTLP over HTTP, mostly port 4318 and not 4317; requests do "
                  "not suffer, "
                  "traces are lost",
                  "проверьте OTLP_ENDPOINT в distiq-code config: OTLP по HTTP, обычно порт 4318, а не 4317; запросы не "
                  "страдают, теряются трассы");
    add("traces", CheckState::warning, say("the collector of traces at {}: {}", "сборщик трасс на {}: {}", c.url, what),
        advice);
  }

  void upstream() {
    const auto& u = f_.upstream;
    auto way = u.by_proxy.empty() ? "" : say(" through {}", " через {}", u.by_proxy);
    if (!u.configured.empty()) {
      way += say(" (where the running proxy sends requests; your settings say {})",
                 " (туда отправляет запросы работающий прокси; в ваших настройках {})", u.configured);
    }
    if (u.error.empty()) {
      return add("upstream", CheckState::ok,
                 say("{}{} answers: {}", "{}{} отвечает: {}", u.origin, way, printable(u.status_line)));
    }
    const bool certificate =
        u.error.find("certificate") != std::string::npos || u.error.find("TLS") != std::string::npos;
    std::string advice;
    if (certificate) {
      advice =
          say("a company that reads TLS needs its root: SSL_CERT_FILE=/path/root.pem in ~/.distiq-code/.env; else see "
              "the clock",
              "если компания вскрывает TLS, нужен её корневой сертификат: SSL_CERT_FILE=/path/root.pem в "
              "~/.distiq-code/.env; иначе проверьте часы");
    } else if (!u.by_proxy.empty()) {
      advice = say("see HTTPS_PROXY and NO_PROXY in distiq-code config",
                   "проверьте HTTPS_PROXY и NO_PROXY в distiq-code config");
    } else {
      advice =
          say("see ANTHROPIC_API_BASE in distiq-code config, and the network; behind a corporate proxy: HTTPS_PROXY",
              "проверьте ANTHROPIC_API_BASE в distiq-code config и сеть; за корпоративным прокси: HTTPS_PROXY");
    }
    add("upstream", CheckState::failure, fmt::format("{}{}: {}", u.origin, way, printable(u.error, 300)), advice);
  }

  void clock() {
    const auto ahead = f_.upstream.clock_ahead_s;
    if (!ahead)
      return add("clock", CheckState::skipped, say("upstream gave no time to compare", "апстрим не сообщил время"));
    const auto off = std::llabs(*ahead);
    if (off < kClockWarning_s) return add("clock", CheckState::ok, say("the clock is right", "часы идут верно"));
    add("clock", off < kClockFailure_s ? CheckState::warning : CheckState::failure,
        *ahead > 0 ? say("the clock is {} s ahead of upstream's", "часы спешат на {} с относительно апстрима", off)
                   : say("the clock is {} s behind upstream's", "часы отстают на {} с от апстрима", off),
        say("set it: timedatectl set-ntp true", "установите время: timedatectl set-ntp true"));
  }

  void store() {
    const auto& s = f_.store;
    if (!s.error.empty()) {
      return add("store", CheckState::failure, printable(s.error, 300),
                 say("move stats.db away, or distiq-code stats --erase; requests go on without records",
                     "уберите stats.db или выполните distiq-code stats --erase; запросы идут и без записей"));
    }
    if (!f_.proxy.store_ok || f_.proxy.dropped_records > 0) {
      return add("store", CheckState::warning,
                 say("the running proxy loses records ({} so far): {}", "работающий прокси теряет записи (уже {}): {}",
                     f_.proxy.dropped_records, printable(f_.proxy.store_reason)),
                 say("see its log", "посмотрите его журнал"));
    }
    if (s.damaged_copies > 0) {
      return add("store", CheckState::warning,
                 say("{} damaged copies of the statistics lie in {}", "повреждённых копий статистики: {} в {}",
                     s.damaged_copies, f_.home.path),
                 say("delete stats.db.damaged-* when you no longer need them",
                     "удалите stats.db.damaged-*, если они не нужны"));
    }
    add("store", CheckState::ok,
        s.exists ? say("the statistics can be read", "статистика читается")
                 : say("no statistics yet", "статистики ещё нет"));
  }

  void prompt_cache() {
    const auto& s = f_.store;
    if (s.main_requests < kFewRequests || s.prompt_tokens == 0) {
      return add("prompt_cache", CheckState::skipped,
                 say("too few requests today to judge the prompt cache",
                     "сегодня слишком мало запросов, чтобы судить о кэше промптов"));
    }
    const auto share = s.cache_read_tokens * 100 / s.prompt_tokens;
    if (share >= kGoodCacheShare) {
      return add(
          "prompt_cache", CheckState::ok,
          say("{}% of today's prompt tokens came from the cache", "{}% токенов промптов сегодня — из кэша", share));
    }
    add("prompt_cache", CheckState::warning,
        say("only {}% of today's prompt tokens came from the cache", "только {}% токенов промптов сегодня — из кэша",
            share),
        say("long pauses, /clear, or something that changes old messages: MCP servers, hooks, other proxies",
            "долгие паузы, /clear или то, что меняет старые сообщения: серверы MCP, хуки, другие прокси"));
  }

  void disk() {
    const auto& h = f_.home;
    if (!h.error.empty()) {
      return add("disk", CheckState::failure, printable(h.error, 300),
                 say("make {} yours, or set DISTIQ_HOME", "сделайте {} своим или задайте DISTIQ_HOME", h.path));
    }
    const auto free = h.free_bytes.value_or(kLowDisk);
    if (free < kLowDisk) {
      return add("disk", free < kNoDisk ? CheckState::failure : CheckState::warning,
                 say("{} MB are left for {}", "для {1} осталось {0} МБ", free >> 20, h.path),
                 say("free some space; without it records are lost", "освободите место, иначе записи теряются"));
    }
    if (h.others_can_enter) {
      return add("disk", CheckState::warning, say("others can enter {}", "в {} могут войти другие", h.path),
                 "chmod 700 " + h.path);
    }
    add("disk", CheckState::ok, say("{} can be written", "в {} можно писать", h.path));
  }

  const DoctorFacts& f_;
  std::vector<Check> checks_;
};

}  // namespace

std::string_view to_string(CheckState state) {
  switch (state) {
    case CheckState::ok:
      return "ok";
    case CheckState::warning:
      return "warning";
    case CheckState::failure:
      return "failure";
    case CheckState::skipped:
      return "skipped";
  }
  return "skipped";
}

std::vector<Check> run_checks(const DoctorFacts& facts) {
  return Checks(facts).all();
}

}  // namespace distiq
