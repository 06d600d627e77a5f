#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <ostream>

#include "app/claude_code.h"
#include "app/command.h"
#include "app/config/config_parse.h"
#include "app/port_probe.h"
#include "app/proxy/wiring.h"
#include "app/proxy_health.h"
#include "app/setup/command_setup.h"
#include "app/state_files.h"
#include "app/trace_collector.h"
#include "app/use_colour.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/tone.h"
#include "base/version.h"
#include "setup/doctor_checks.h"
#include "setup/json_outline.h"
#include "setup/setup_files.h"
#include "storage/stats_reader.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kUpstreamLimit{12};
constexpr std::chrono::seconds kCollectorLimit{5};

PortHolder holder_of(PortOccupant occupant) {
  switch (occupant) {
    case PortOccupant::distiq_code:
      return PortHolder::distiq_code;
    case PortOccupant::ollama:
      return PortHolder::ollama;
    case PortOccupant::nobody:
      return PortHolder::nobody;
    case PortOccupant::somebody:
      break;
  }
  return PortHolder::other;
}

void take_health(ProxyHealth health, ProxyFacts& proxy) {
  proxy.healthy_answer = true;
  proxy.running_version = std::move(health.version);
  proxy.upstream = std::move(health.upstream);
  proxy.store_ok = health.store_ok;
  proxy.store_reason = std::move(health.store_reason);
  proxy.dropped_records = static_cast<std::int64_t>(health.dropped);
  proxy.recent_requests = static_cast<std::int64_t>(health.recent_requests);
  proxy.with_hints = static_cast<std::int64_t>(health.with_hints);
  proxy.newest_has_hints = health.newest_has_hints;
}

ProxyFacts proxy_facts(const Config& config) {
  ProxyFacts proxy{.url = local_url(config, config.listen.port),
                   .holder = holder_of(identify_port_occupant(config.listen.host, config.listen.port)),
                   .running_version = {},
                   .our_version = std::string(version()),
                   .upstream = {},
                   .store_reason = {}};
  if (proxy.holder != PortHolder::distiq_code) return proxy;
  if (auto health = ask_health(config, config.listen.host, config.listen.port)) take_health(std::move(*health), proxy);
  return proxy;
}

// True for what is not on this machine: whether that answers is not for a connect to tell.
bool port_answers(const std::string& url) {
  const auto address = parse_upstream(url);
  if (!address || !is_loopback_host(address->host)) return true;
  return identify_port_occupant(address->host == "localhost" ? "127.0.0.1" : address->host, address->port) !=
         PortOccupant::nobody;
}

// The variables that Claude Code's settings files set, the strongest file first.
class ClaudeSettings {
 public:
  explicit ClaudeSettings(const Environment& environment) {
    std::error_code ignored;
    const auto project = fs::current_path(ignored) / ".claude";
    user_file_ = claude_folder(environment) / "settings.json";
    for (const auto& file : {project / "settings.local.json", project / "settings.json", user_file_}) read(file);
  }

  void fill(ClaudeFacts& claude) const {
    claude.settings_file = user_file_.string();
    if (const auto found = variables_.find("ANTHROPIC_BASE_URL"); found != variables_.end()) {
      claude.settings_base_url = found->second.value;
      claude.settings_file = found->second.file.string();
    }
    if (!error_.empty()) {
      claude.settings_error = error_;
      claude.settings_file = broken_file_.string();
    }
  }

  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const {
    const auto found = variables_.find(name);
    if (found == variables_.end()) return std::nullopt;
    return found->second.value;
  }

 private:
  struct Value {
    std::string value;
    fs::path file;
  };

  void read(const fs::path& file) {
    const auto text = read_settings_text(file);
    if (!text) return note(file, text.error().client_text);
    if (!*text || is_blank(**text)) return;
    const auto root = outline_json(**text);
    if (!root) return note(file, root.error().client_text);
    const auto* env = root->find("env");
    const auto object = env == nullptr ? std::nullopt : outline_member(**text, *env);
    if (!object) return;
    for (const auto& member : object->members) {
      if (auto value = json_string_value(member.value.of(**text))) variables_.try_emplace(member.key, *value, file);
    }
  }

  void note(const fs::path& file, const std::string& error) {
    if (!error_.empty()) return;
    error_ = error;
    broken_file_ = file;
  }

  fs::path user_file_, broken_file_;
  std::string error_;
  std::map<std::string, Value, std::less<>> variables_;
};

bool http_proxy_covers_loopback(const std::function<std::optional<std::string>(std::string_view)>& variable) {
  const auto either = [&](const char* lower_case, const char* upper_case) {
    const auto value = variable(lower_case).value_or("");
    return value.empty() ? variable(upper_case).value_or("") : value;
  };
  if (either("http_proxy", "HTTP_PROXY").empty()) return false;
  const auto rules = parse_list(either("no_proxy", "NO_PROXY"));
  return std::ranges::none_of(rules, [](const std::string& rule) { return rule == "*" || is_loopback_host(rule); });
}

ClaudeFacts claude_facts(const Environment& environment) {
  ClaudeFacts facts;
  if (const auto claude = find_claude_code(environment)) {
    facts.found = true;
    if (claude->version) facts.version = claude->version->text();
    facts.needs_tool_search = needs_tool_search(claude->version);
  }
  const auto settings = std::make_shared<ClaudeSettings>(environment);
  settings->fill(facts);
  facts.variable = [settings, &environment](std::string_view name) -> std::optional<std::string> {
    if (auto value = settings->variable(name)) return value;
    const auto value = environment.find(name);
    return value ? std::optional(std::string(*value)) : std::nullopt;
  };
  facts.settings_port_answers = facts.settings_base_url.empty() || port_answers(facts.settings_base_url);
  facts.shell_base_url = environment.find("ANTHROPIC_BASE_URL").value_or("");
  facts.shell_port_answers = facts.shell_base_url.empty() || port_answers(facts.shell_base_url);
  facts.http_proxy_covers_loopback = http_proxy_covers_loopback(facts.variable);
  return facts;
}

// "Fri, 27 Nov 2026 13:47:35 GMT" in unix seconds.
std::optional<std::int64_t> http_date(const std::string& head) {
  const auto at = lower(head).find("\r\ndate:");
  if (at == std::string::npos) return std::nullopt;
  const auto begin = head.find_first_not_of(' ', at + 7);
  std::tm time{};
  if (begin == std::string::npos || ::strptime(head.c_str() + begin, "%a, %d %b %Y %H:%M:%S GMT", &time) == nullptr) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(::timegm(&time));
}

// The settings with which that proxy goes upstream: it may have been started with another address than ours.
Config as_it_runs(const Config& ours, const ProxyFacts& proxy) {
  Config config = ours;
  if (auto upstream = parse_upstream(proxy.upstream)) config.upstream = std::move(*upstream);
  return config;
}

UpstreamFacts upstream_facts(const Config& ours, const ProxyFacts& proxy) {
  const Config config = as_it_runs(ours, proxy);
  UpstreamFacts facts;
  facts.origin = config.upstream.origin();
  if (config.upstream != ours.upstream) facts.configured = ours.upstream.origin();
  if (const auto* by_proxy = config.proxy_for_upstream()) {
    facts.by_proxy = fmt::format("{}:{}", by_proxy->host, by_proxy->port);
  }
  // Needs no credential; any answer shows that the way is open.
  const auto request =
      fmt::format("HEAD {}/ HTTP/1.1\r\nHost: {}\r\nUser-Agent: distiq-code/{} doctor\r\nConnection: close\r\n\r\n",
                  config.upstream.path_prefix, config.upstream.host, version());
  const auto head = ask_upstream(config, request, kUpstreamLimit);
  if (!head) {
    facts.error = head.error().client_text;
    return facts;
  }
  facts.status_line = head->substr(0, head->find('\r'));
  if (const auto theirs = http_date(*head)) {
    facts.clock_ahead_s = system_clock().wall().time_since_epoch().count() / 1000 - *theirs;
  }
  return facts;
}

CollectorFacts collector_facts(const Config& config) {
  if (!config.tracing.collector) return {};
  UpstreamAddress url = *config.tracing.collector;
  url.path_prefix = config.tracing.target();
  const auto answer = ask_collector(config, kCollectorLimit);
  return {.url = url.origin(), .error = answer.problem, .status = answer.status};
}

StoreFacts store_facts(const Config& config) {
  StoreFacts facts;
  std::error_code ignored;
  const auto path = store_path(config.home);
  for (const auto& entry : fs::directory_iterator(config.home, ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("stats.db.damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")) {
      ++facts.damaged_copies;
    }
  }
  facts.exists = fs::exists(path, ignored) && fs::file_size(path, ignored) > 0;
  if (!facts.exists) return facts;
  auto reader = StatsReader::open(path.string());
  if (!reader) {
    facts.error = reader.error().client_text;
    return facts;
  }
  const auto summary = reader->summary(Period::day, system_clock().wall().time_since_epoch().count());
  if (!summary) {
    facts.error = summary.error().client_text;
    return facts;
  }
  for (const auto& each : summary->by_class) {
    if (each.name != "main") continue;
    facts.main_requests = each.totals.requests;
    facts.prompt_tokens = each.totals.prompt_tokens();
    facts.cache_read_tokens = each.totals.cache_read_tokens;
  }
  return facts;
}

HomeFacts home_facts(const Config& config) {
  HomeFacts facts;
  facts.path = config.home.string();
  std::error_code failed;
  // A folder that is not there yet is made at the first start: its parent counts then.
  auto folder = config.home;
  while (!fs::exists(folder, failed) && folder.has_parent_path() && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    facts.error = folder.string() + " is not a folder";
  } else if (folder == config.home && info.st_uid != ::geteuid()) {
    facts.error = folder.string() + " belongs to another user";
  } else if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    facts.error = folder.string() + " cannot be written";
  }
  facts.others_can_enter = folder == config.home && (info.st_mode & 0077) != 0;
  const auto space = fs::space(folder, failed);
  if (!failed) facts.free_bytes = space.available;
  return facts;
}

std::string json_of(const std::vector<Check>& checks, bool ok) {
  std::string out = fmt::format(R"({{"ok":{},"checks":[)", ok);
  for (const auto& check : checks) {
    out += &check == &checks.front() ? "" : ",";
    out += fmt::format(R"({{"id":"{}","state":"{}","what":)", check.id, to_string(check.state));
    append_json_string(out, check.what);
    out += R"(,"advice":)";
    append_json_string(out, check.advice);
    out += '}';
  }
  return out + "]}\n";
}

std::string text_of(const Check& check, bool colour) {
  const auto mark = [&] {
    switch (check.state) {
      case CheckState::ok:
        return toned("ok  ", Tone::good, colour);
      case CheckState::warning:
        return toned("warn", Tone::doubtful, colour);
      case CheckState::failure:
        return toned("FAIL", Tone::bad, colour);
      case CheckState::skipped:
        break;
    }
    return toned("-   ", Tone::dim, colour);
  }();
  auto text = fmt::format("  {}  {}\n", mark, check.what);
  if (!check.advice.empty()) text += fmt::format("        {} {}\n", toned("->", Tone::dim, colour), check.advice);
  return text;
}

}  // namespace

ExitCode run_doctor(const Config& config, bool json, const CommandIo& io) {
  const ProxyFacts proxy = proxy_facts(config);
  const DoctorFacts facts{.russian = config.language == Language::russian,
                          .proxy = proxy,
                          .claude = claude_facts(io.environment),
                          .upstream = upstream_facts(config, proxy),
                          .collector = collector_facts(config),
                          .store = store_facts(config),
                          .home = home_facts(config)};
  const auto checks = run_checks(facts);
  const bool ok = std::ranges::none_of(checks, [](const Check& check) { return check.state == CheckState::failure; });
  if (json) {
    io.out << json_of(checks, ok);
  } else {
    for (const auto& check : checks) io.out << text_of(check, use_colour(config, STDOUT_FILENO));
  }
  return ok ? ExitCode::ok : ExitCode::failed;
}

}  // namespace distiq
