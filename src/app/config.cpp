#include "app/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/config_parse.h"
#include "app/config_settings.h"
#include "app/config_toml.h"
#include "app/env_file.h"
#include "base/file.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;  // a settings file is a page; a larger one is some other file
constexpr std::string_view kPrefix = "DISTIQ_";
constexpr std::string_view kTestClock = "DISTIQ_TEST_CLOCK";
constexpr std::size_t kGoodTokenBytes = 16;  // nobody tries 2^64 requests

// One value that some source gives to some setting.
struct Candidate {
  std::string value;
  ConfigOrigin origin = ConfigOrigin::default_value;
  std::string source;
  bool bare_name = false;      // without DISTIQ_: may be meant for another program
  std::filesystem::path base;  // for relative paths
};

std::unexpected<Error> stop(std::string sentence) {
  return fail(ErrorKind::bad_config, sentence, sentence);
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return result;
}

std::filesystem::path current_folder() {
  std::error_code ignored;  // a deleted folder: relative names then fail when they are opened
  return std::filesystem::current_path(ignored);
}

// Collects candidates source by source, strongest first.
class Candidates {
 public:
  explicit Candidates(std::vector<std::string>& warnings) : warnings_(warnings) {}

  void add(const SettingSpec& spec, Candidate candidate) {
    if (!trim(candidate.value).empty()) by_name_[spec.name].push_back(std::move(candidate));
  }

  void add_command_line(const ConfigSources& sources) {
    for (auto it = sources.command_line.rbegin(); it != sources.command_line.rend(); ++it) {
      if (const auto* spec = find_setting(it->first)) {
        add(*spec, {it->second, ConfigOrigin::command_line, "the command line", false, current_folder()});
      }
    }
  }

  void add_environment(const Environment& environment) {
    for (const auto& spec : all_settings()) {
      const auto add_variable = [&](const std::string& name, bool bare) {
        if (const auto value = environment.find(name)) {
          add(spec, {std::string(*value), ConfigOrigin::environment, fmt::format("the environment ({})", name), bare,
                     current_folder()});
        }
      };
      if (spec.decides_files) {
        add_variable(std::string(spec.name), false);
        continue;
      }
      add_variable(std::string(kPrefix) + std::string(spec.name), false);
      if (spec.lower_case_too) add_variable(lower(spec.name), true);
      add_variable(std::string(spec.name), true);
    }
    for (const auto& [name, value] : environment.variables()) {
      if (name.starts_with(kPrefix) && name != kTestClock && !value.empty() && setting_of(name).spec == nullptr) {
        warn_unknown(name, "the environment");
      }
    }
  }

  void add_file(const std::vector<FileSetting>& settings, ConfigOrigin origin, const std::filesystem::path& path) {
    // The last line of a name counts, and a prefixed name is stronger than a bare one.
    for (const bool bare : {false, true}) {
      for (auto it = settings.rbegin(); it != settings.rend(); ++it) {
        const auto match = setting_of(it->name);
        if (match.spec == nullptr || match.spec->decides_files || match.bare != bare) continue;
        add(*match.spec, {it->value, origin, fmt::format("{} line {}", path.string(), it->line),
                          match.bare && origin == ConfigOrigin::env_file, path.parent_path()});
      }
    }
    for (const auto& setting : settings) warn_if_unusable(setting, origin, path);
    warn_if_others_can_read(settings, path);
  }

  [[nodiscard]] const std::vector<Candidate>& of(const SettingSpec& spec) { return by_name_[spec.name]; }

 private:
  struct Match {
    const SettingSpec* spec = nullptr;
    bool bare = true;
  };

  static Match setting_of(std::string_view name) {
    const auto wanted = upper(name);
    if (const auto* spec = find_setting(wanted)) return {spec, true};
    if (!wanted.starts_with(kPrefix)) return {};
    return {find_setting(std::string_view(wanted).substr(kPrefix.size())), false};
  }

  void warn_if_unusable(const FileSetting& setting, ConfigOrigin origin, const std::filesystem::path& path) {
    const auto match = setting_of(setting.name);
    const auto where = fmt::format("{} line {}", path.string(), setting.line);
    if (match.spec != nullptr && match.spec->decides_files) {
      warnings_.push_back(fmt::format("{} in {} is ignored: it counts only in the environment or on the command line.",
                                      match.spec->name, where));
    } else if (match.spec == nullptr &&
               (origin == ConfigOrigin::toml_file || upper(setting.name).starts_with(kPrefix))) {
      warn_unknown(setting.name, where);  // an env file may hold other programs' names, a TOML file of ours not
    }
  }

  void warn_if_others_can_read(const std::vector<FileSetting>& settings, const std::filesystem::path& path) {
    const bool secret = std::ranges::any_of(settings, [](const FileSetting& setting) {
      const auto* spec = setting_of(setting.name).spec;
      return spec != nullptr && spec->show == SettingSpec::Show::secret && !setting.value.empty();
    });
    std::error_code ignored;
    using std::filesystem::perms;
    const auto others = std::filesystem::status(path, ignored).permissions() & (perms::group_read | perms::others_read);
    if (secret && others != perms::none) {
      warnings_.push_back(fmt::format("{} holds a secret and can be read by others: chmod 600 it.", path.string()));
    }
  }

  void warn_unknown(std::string_view name, std::string_view where) {
    warnings_.push_back(fmt::format("{} in {} is not a setting of distiq-code.", printable(name), where));
  }

  std::vector<std::string>& warnings_;
  std::map<std::string_view, std::vector<Candidate>> by_name_;
};

std::string refusal(const SettingSpec& spec, const Candidate& candidate) {
  // An @ is where a password may stand, also in a value that should not hold one.
  const bool show = spec.show == SettingSpec::Show::as_given && candidate.value.find('@') == std::string::npos;
  const auto given = show ? "=" + printable(candidate.value) : std::string();
  return fmt::format("{}{} from {} is not usable: allowed is {}.", spec.name, given, candidate.source, spec.range);
}

std::string shown(const SettingSpec& spec, std::string_view value) {
  switch (spec.show) {
    case SettingSpec::Show::as_given:
      return printable(value);
    case SettingSpec::Show::secret:
      return value.empty() ? "" : "set";
    case SettingSpec::Show::proxy_address:
      break;
  }
  const auto proxy = parse_http_proxy(value);
  if (!proxy) return "";
  return fmt::format("http://{}{}:{}", proxy->credentials.empty() ? "" : "...@", proxy->host, proxy->port);
}

// What "auto" means here; settings that say more are applied on top.
void apply_terminal(Config& config, const Environment& environment) {
  for (const std::string_view name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const auto locale = environment.find(name).value_or("");
    if (locale.empty()) continue;
    if (locale == "ru" || locale.starts_with("ru_")) config.language = Language::russian;
    break;
  }
  const bool plain = !environment.find("NO_COLOR").value_or("").empty() || environment.find("TERM") == "dumb";
  if (plain) config.colour = ColourMode::never;
}

// The first usable candidate; a strange one under a name that other programs use too is passed over.
Result<Candidate> choose(const SettingSpec& spec, const std::vector<Candidate>& candidates, Config& config,
                         const std::filesystem::path& user_home) {
  for (const auto& candidate : candidates) {
    if (spec.apply(config, trim(candidate.value), {user_home, candidate.base})) return candidate;
    if (!spec.often_foreign || !candidate.bare_name) return stop(refusal(spec, candidate));
    config.warnings.push_back(fmt::format("{}={} from {} is ignored: it seems to be meant for another program.",
                                          spec.name, printable(candidate.value), candidate.source));
  }
  Candidate standard{std::string(spec.default_text), ConfigOrigin::default_value, "default", false, user_home};
  if (!spec.default_text.empty() && !spec.apply(config, spec.default_text, {user_home, user_home})) {
    return stop(fmt::format("{} has no default here because HOME is not set: please set {}.", spec.name, spec.name));
  }
  return standard;
}

Result<void> read_settings_file(const std::optional<std::filesystem::path>& named,
                                const std::filesystem::path& standard,
                                Result<std::vector<FileSetting>> (*parse)(std::string_view), ConfigOrigin origin,
                                Candidates& candidates) {
  const auto path = named.value_or(standard);
  std::error_code ignored;
  if (!named && !std::filesystem::exists(path, ignored)) return {};
  auto text = read_file(path, kMaxFileBytes);
  if (!text) return stop(fmt::format("The settings file cannot be read: {}.", text.error().log_detail));
  const auto settings = parse(*text);
  if (!settings) return stop(fmt::format("In {} {}.", path.string(), settings.error().client_text));
  candidates.add_file(*settings, origin, path);
  return {};
}

Result<void> resolve(const SettingSpec& spec, Candidates& candidates, Config& config,
                     const std::filesystem::path& user_home) {
  auto chosen = choose(spec, candidates.of(spec), config, user_home);
  if (!chosen) return std::unexpected(chosen.error());
  config.entries.push_back(
      {spec.name, shown(spec, trim(chosen->value)), chosen->origin, std::move(chosen->source), spec.in_this_build});
  return {};
}

bool is_same_machine(const Config& config, std::string_view host) {
  return is_loopback_host(host) || host == config.listen.host || host == "0.0.0.0" || host == "::";
}

bool is_ourselves(const Config& config, std::string_view host, std::uint16_t port) {
  return config.listen.port != 0 && port == config.listen.port && is_same_machine(config, host);
}

bool covers(std::string_view rule, std::string_view host, std::uint16_t port) {
  if (rule == "*") return true;
  if (const auto suffix = fmt::format(":{}", port); rule.ends_with(suffix)) rule.remove_suffix(suffix.size());
  if (rule.starts_with("*.")) rule.remove_prefix(1);
  if (rule == host) return true;
  if (rule.starts_with('.')) rule.remove_prefix(1);
  if (rule.empty() || !host.ends_with(rule)) return false;
  return host.size() == rule.size() || host[host.size() - rule.size() - 1] == '.';
}

void add_warnings(Config& config) {
  std::error_code ignored;
  if (config.test_clock) {
    config.warnings.push_back(
        "DISTIQ_TEST_CLOCK=1: THE CLOCK OF THIS PROXY CAN BE MOVED. For tests only, never for work.");
  }
  const auto check_file = [&](std::string_view name, const std::filesystem::path& path) {
    if (!path.empty() && !std::filesystem::is_regular_file(path, ignored)) {
      config.warnings.push_back(fmt::format("{} names {}, which is not there.", name, printable(path.string())));
    }
  };
  check_file("SSL_CERT_FILE", config.ssl_cert_file);
  check_file("NODE_EXTRA_CA_CERTS", config.node_extra_ca_certs);
  if (const auto size = config.listen.token.reveal().size(); size > 0 && size < kGoodTokenBytes) {
    config.warnings.push_back(fmt::format("PROXY_TOKEN is short: take {} characters or more.", kGoodTokenBytes));
  }
  if (config.upstream.path_prefix.ends_with("/v1")) {
    config.warnings.push_back("ANTHROPIC_API_BASE ends with /v1, which requests already begin with.");
  }
  for (const auto& entry : config.entries) {
    if (!entry.in_this_build && entry.origin != ConfigOrigin::default_value) {
      config.warnings.push_back(fmt::format("{} is accepted, but its feature is not in this build.", entry.name));
    }
  }
}

}  // namespace

std::string UpstreamAddress::origin() const {
  const bool standard_port = port == (tls ? 443 : 80);
  const auto bracketed = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return fmt::format("{}://{}{}{}", tls ? "https" : "http", bracketed, standard_port ? "" : fmt::format(":{}", port),
                     path_prefix);
}

bool ListenConfig::is_loopback() const {
  return is_loopback_host(host);
}

std::string_view to_string(ConfigOrigin origin) {
  switch (origin) {
    case ConfigOrigin::default_value:
      return "default";
    case ConfigOrigin::toml_file:
      return "config_file";
    case ConfigOrigin::env_file:
      return "env_file";
    case ConfigOrigin::environment:
      return "environment";
    case ConfigOrigin::command_line:
      return "command_line";
  }
  return "default";
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

const HttpProxyAddress* Config::proxy_for_upstream() const {
  const auto& proxy = upstream.tls ? https_proxy : http_proxy;
  if (!proxy || is_loopback_host(upstream.host)) return nullptr;
  for (const auto& rule : no_proxy) {
    if (covers(rule, upstream.host, upstream.port)) return nullptr;
  }
  return &*proxy;
}

const ConfigEntry* Config::find(std::string_view name) const {
  const auto it = std::ranges::find(entries, name, &ConfigEntry::name);
  return it == entries.end() ? nullptr : &*it;
}

std::string find_conflict(const Config& config) {
  if (!config.listen.is_loopback() && config.listen.token.empty()) {
    return fmt::format(
        "PROXY_HOST={} can be reached by others and PROXY_TOKEN is empty: set PROXY_TOKEN, or PROXY_HOST to "
        "127.0.0.1.",
        config.listen.host);
  }
  if (is_ourselves(config, config.upstream.host, config.upstream.port)) {
    return fmt::format("ANTHROPIC_API_BASE={} is this proxy itself: requests would go round for ever.",
                       config.upstream.origin());
  }
  const auto* proxy = config.proxy_for_upstream();
  if (proxy != nullptr && is_ourselves(config, proxy->host, proxy->port)) {
    return fmt::format("{} is this proxy itself: leave it out, or name the host of ANTHROPIC_API_BASE in NO_PROXY.",
                       config.upstream.tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  }
  if (config.limits.max_buffered_bytes < config.limits.max_body_bytes) {
    return "MAX_BUFFERED_BYTES is below MAX_BODY_BYTES: one allowed body would not fit into it.";
  }
  return {};
}

Result<Config> load_config(const ConfigSources& sources) {
  Config config;
  Candidates candidates(config.warnings);
  apply_terminal(config, sources.environment);
  config.test_clock = sources.environment.find(kTestClock) == "1";
  const auto user_home = sources.environment.home();
  candidates.add_command_line(sources);
  candidates.add_environment(sources.environment);

  const auto* home_spec = find_setting("DISTIQ_HOME");
  if (auto home = choose(*home_spec, candidates.of(*home_spec), config, user_home); !home) {
    return std::unexpected(home.error());
  }
  auto read =
      read_settings_file(sources.env_file, config.home / ".env", parse_env_file, ConfigOrigin::env_file, candidates);
  if (read) {
    read = read_settings_file(sources.config_file, config.home / "config.toml", parse_config_toml,
                              ConfigOrigin::toml_file, candidates);
  }
  if (!read) return std::unexpected(read.error());

  for (const auto& spec : all_settings()) {
    if (auto done = resolve(spec, candidates, config, user_home); !done) return std::unexpected(done.error());
  }
  if (auto conflict = find_conflict(config); !conflict.empty()) return stop(std::move(conflict));
  add_warnings(config);
  return config;
}

}  // namespace distiq
