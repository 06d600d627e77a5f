#include "app/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "app/config/config_parse.h"
#include "app/config/config_settings.h"
#include "app/config/config_texts.h"
#include "app/config/config_toml.h"
#include "app/config/env_file.h"
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
  std::string place;           // the variable's name, or the file's
  int line = 0;                // in the file
  bool bare_name = false;      // without DISTIQ_: may be meant for another program
  std::filesystem::path base;  // for relative paths
  std::string problem;         // see ConfigEntry

  [[nodiscard]] std::string source(Language language) const {
    switch (origin) {
      case ConfigOrigin::command_line:
        return say(language, config_text::from_command_line);
      case ConfigOrigin::environment:
        return place.empty() ? std::string(config_text::from_own_variable.in(language))
                             : say(language, config_text::from_environment, place);
      case ConfigOrigin::env_file:
      case ConfigOrigin::toml_file:
        return say(language, config_text::from_file, place, line);
      case ConfigOrigin::default_value:
        break;
    }
    return say(language, config_text::from_default);
  }
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
  // Warnings go into `config`, in its language.
  explicit Candidates(Config& config) : config_(config) {}

  void add(const SettingSpec& spec, Candidate candidate) {
    if (!is_blank(candidate.value)) by_name_[spec.name].push_back(std::move(candidate));
  }

  void add_command_line(const ConfigSources& sources) {
    for (auto it = sources.command_line.rbegin(); it != sources.command_line.rend(); ++it) {
      if (const auto* spec = find_setting(it->first)) {
        add(*spec, {it->second, ConfigOrigin::command_line, {}, 0, false, current_folder(), {}});
      }
    }
  }

  void add_environment(const Environment& environment) {
    for (const auto& spec : all_settings()) {
      const auto add_variable = [&](const std::string& name, bool bare) {
        if (const auto value = environment.find(name)) {
          const std::string place = name == spec.name ? "" : name;
          add(spec, {std::string(*value), ConfigOrigin::environment, place, 0, bare, current_folder(), {}});
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
  }

  void warn_of_environment(const Environment& environment) {
    for (const auto& [name, value] : environment.variables()) {
      if (name.starts_with(kPrefix) && name != kTestClock && !value.empty() && setting_of(name).spec == nullptr) {
        warn_unknown(name, say(config_.language, config_text::from_environment, name));
      }
    }
  }

  void add_file(const std::vector<FileSetting>& settings, ConfigOrigin origin, const std::filesystem::path& path) {
    // The last line of a name counts, and a prefixed name is stronger than a bare one.
    for (const bool bare : {false, true}) {
      for (auto it = settings.rbegin(); it != settings.rend(); ++it) {
        const auto match = setting_of(it->name);
        if (match.spec == nullptr || match.spec->decides_files || match.bare != bare) continue;
        add(*match.spec, {it->value,
                          origin,
                          path.string(),
                          it->line,
                          match.bare && origin == ConfigOrigin::env_file,
                          path.parent_path(),
                          {}});
      }
    }
  }

  // `all_ours`: nobody else reads this file, so that every name in it should be a setting.
  void warn_of_file(const std::vector<FileSetting>& settings, bool all_ours, const std::filesystem::path& path) {
    for (const auto& setting : settings) warn_if_unusable(setting, all_ours, path);
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

  void warn_if_unusable(const FileSetting& setting, bool all_ours, const std::filesystem::path& path) {
    const auto match = setting_of(setting.name);
    const auto where = say(config_.language, config_text::from_file, path.string(), setting.line);
    if (match.spec != nullptr && match.spec->decides_files) {
      config_.warnings.push_back(say(config_.language, config_text::wrong_place, match.spec->name, where));
    } else if (match.spec == nullptr && (all_ours || upper(setting.name).starts_with(kPrefix) ||
                                         !suggestion(setting.name, config_.language).empty())) {
      warn_unknown(setting.name, where);
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
      config_.warnings.push_back(say(config_.language, config_text::readable_secret, path.string()));
    }
  }

  void warn_unknown(std::string_view name, const std::string& where) {
    config_.warnings.push_back(
        say(config_.language, config_text::unknown, printable(name), where, suggestion(name, config_.language)));
  }

  Config& config_;
  std::map<std::string_view, std::vector<Candidate>> by_name_;
};

std::string refusal(const SettingSpec& spec, const Candidate& candidate, Language language) {
  // An @ is where a password may stand, also in a value that should not hold one.
  const bool show = spec.show == SettingSpec::Show::as_given && candidate.value.find('@') == std::string::npos;
  const auto given = show ? "=" + printable(candidate.value) : std::string();
  return say(language, config_text::not_usable, spec.name, given, candidate.source(language),
             range_text(spec.range, language));
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
  config.language = locale_language(environment);
  const bool plain = !environment.find("NO_COLOR").value_or("").empty() || environment.find("TERM") == "dumb";
  if (plain) config.colour = ColourMode::never;
}

enum class Strictness { strict, lenient };

// The first usable candidate; a strange one under a name that other programs use too is passed over. Leniently an
// unusable one is returned with its problem, and the default counts.
Result<Candidate> choose(const SettingSpec& spec, const std::vector<Candidate>& candidates, Config& config,
                         const std::filesystem::path& user_home, Strictness strictness) {
  std::optional<Candidate> unusable;
  for (const auto& candidate : candidates) {
    if (spec.apply(config, trim(candidate.value, white_space), {user_home, candidate.base})) return candidate;
    if (!spec.often_foreign || !candidate.bare_name) {
      unusable = candidate;
      unusable->problem = refusal(spec, candidate, config.language);
      if (strictness == Strictness::strict) return stop(unusable->problem);
      break;
    }
    config.warnings.push_back(say(config.language, config_text::foreign, spec.name, shown(spec, candidate.value),
                                  candidate.source(config.language)));
  }
  Candidate standard{std::string(spec.default_text), ConfigOrigin::default_value, {}, 0, false, user_home, {}};
  if (!spec.default_text.empty() && !spec.apply(config, spec.default_text, {user_home, user_home})) {
    return stop(say(config.language, config_text::no_default, spec.name));
  }
  return unusable.value_or(std::move(standard));
}

struct SettingsFile {
  std::filesystem::path path;
  std::vector<FileSetting> settings;
  bool all_ours = false;
};

// Empty if there is no such file and it was not asked for.
Result<SettingsFile> read_settings_file(const std::optional<std::filesystem::path>& named,
                                        const std::filesystem::path& standard, ConfigOrigin origin, Language language) {
  const bool is_env_file = origin == ConfigOrigin::env_file;
  SettingsFile file{named.value_or(standard), {}, !named || !is_env_file};
  std::error_code ignored;
  if (!named && !std::filesystem::exists(file.path, ignored)) return file;
  auto text = read_file(file.path, kMaxFileBytes);
  if (!text) return stop(say(language, config_text::unreadable_file, text.error().log_detail));
  auto settings = is_env_file ? parse_env_file(*text) : parse_config_toml(*text);
  if (!settings) {
    return stop(say(language, config_text::broken_file, file.path.string(), settings.error().client_text));
  }
  file.settings = std::move(*settings);
  return file;
}

Result<void> resolve(const SettingSpec& spec, Candidates& candidates, Config& config,
                     const std::filesystem::path& user_home, Strictness strictness) {
  auto chosen = choose(spec, candidates.of(spec), config, user_home, strictness);
  if (!chosen) return std::unexpected(chosen.error());
  if (!chosen->problem.empty()) config.problems.push_back(chosen->problem);
  config.entries.push_back({spec.name, shown(spec, trim(chosen->value, white_space)), chosen->origin,
                            chosen->source(config.language), spec.in_this_build, std::move(chosen->problem)});
  return {};
}

// What is said on the way should be in the user's language already. A value that is wrong is told in its turn.
void settle_language(Candidates& candidates, Config& config) {
  const auto* spec = find_setting("UI_LANGUAGE");
  for (const auto& candidate : candidates.of(*spec)) {
    if (spec->apply(config, trim(candidate.value, white_space), {})) return;
  }
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
    config.warnings.push_back(say(config.language, config_text::test_clock));
  }
  const auto check_file = [&](std::string_view name, const std::filesystem::path& path) {
    if (!path.empty() && !std::filesystem::is_regular_file(path, ignored)) {
      config.warnings.push_back(say(config.language, config_text::missing_file, name, printable(path.string())));
    }
  };
  check_file("SSL_CERT_FILE", config.ssl_cert_file);
  check_file("NODE_EXTRA_CA_CERTS", config.node_extra_ca_certs);
  if (const auto size = config.listen.token.reveal().size(); size > 0 && size < kGoodTokenBytes) {
    config.warnings.push_back(say(config.language, config_text::short_token, kGoodTokenBytes));
  }
  if (config.upstream.path_prefix.ends_with("/v1")) {
    config.warnings.push_back(say(config.language, config_text::ends_with_v1));
  }
  if (!config.tracing.headers.empty() && !config.tracing.collector) {
    config.warnings.push_back(say(config.language, config_text::headers_for_nobody));
  }
  for (const auto& entry : config.entries) {
    if (!entry.in_this_build && entry.origin != ConfigOrigin::default_value) {
      config.warnings.push_back(say(config.language, config_text::not_in_build, entry.name));
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

std::string TracingSettings::target() const {
  constexpr std::string_view traces = "/v1/traces";
  if (!collector || collector->path_prefix.ends_with(traces)) return collector ? collector->path_prefix : "";
  return collector->path_prefix + std::string(traces);
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

Language locale_language(const Environment& environment) {
  for (const std::string_view name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const auto locale = environment.find(name).value_or("");
    if (locale.empty()) continue;
    return locale == "ru" || locale.starts_with("ru_") ? Language::russian : Language::english;
  }
  return Language::english;
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

const HttpProxyAddress* Config::proxy_for(const UpstreamAddress& server) const {
  const auto& proxy = server.tls ? https_proxy : http_proxy;
  if (!proxy || is_loopback_host(server.host)) return nullptr;
  for (const auto& rule : no_proxy) {
    if (covers(rule, server.host, server.port)) return nullptr;
  }
  return &*proxy;
}

const ConfigEntry* Config::find(std::string_view name) const {
  const auto it = std::ranges::find(entries, name, &ConfigEntry::name);
  return it == entries.end() ? nullptr : &*it;
}

std::string find_conflict(const Config& config) {
  const auto tell = [&](const Phrase& phrase, const auto&... values) {
    return say(config.language, phrase, values...);
  };
  if (!config.listen.is_loopback() && config.listen.token.empty()) {
    return tell(config_text::needs_token, config.listen.host);
  }
  if (is_ourselves(config, config.upstream.host, config.upstream.port)) {
    return tell(config_text::upstream_is_us, config.upstream.origin());
  }
  const auto* proxy = config.proxy_for_upstream();
  if (proxy != nullptr && is_ourselves(config, proxy->host, proxy->port)) {
    return tell(config_text::proxy_is_us, config.upstream.tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  }
  if (config.tracing.collector &&
      is_ourselves(config, config.tracing.collector->host, config.tracing.collector->port)) {
    return tell(config_text::collector_is_us, config.tracing.collector->origin());
  }
  if (config.limits.max_buffered_bytes < config.limits.max_body_bytes) return tell(config_text::small_budget);
  return {};
}

namespace {

Result<Config> load(const ConfigSources& sources, Strictness strictness) {
  Config config;
  Candidates candidates(config);
  apply_terminal(config, sources.environment);
  config.test_clock = sources.environment.find(kTestClock) == "1";
  const auto user_home = sources.environment.home();
  candidates.add_command_line(sources);
  candidates.add_environment(sources.environment);
  settle_language(candidates, config);
  const auto allowed = [&](const Error& problem) {
    if (strictness == Strictness::lenient) config.problems.push_back(problem.client_text);
    return strictness == Strictness::lenient;
  };

  const auto* home_spec = find_setting("DISTIQ_HOME");
  if (auto home = choose(*home_spec, candidates.of(*home_spec), config, user_home, strictness); !home) {
    return std::unexpected(home.error());
  }
  std::vector<SettingsFile> files;
  for (const auto& [named, name, origin] : {std::tuple(sources.env_file, ".env", ConfigOrigin::env_file),
                                            std::tuple(sources.config_file, "config.toml", ConfigOrigin::toml_file)}) {
    auto file = read_settings_file(named, config.home / name, origin, config.language);
    if (!file && !allowed(file.error())) return std::unexpected(file.error());
    if (!file) continue;
    candidates.add_file(file->settings, origin, file->path);
    files.push_back(std::move(*file));
  }
  settle_language(candidates, config);
  for (const auto& file : files) candidates.warn_of_file(file.settings, file.all_ours, file.path);
  candidates.warn_of_environment(sources.environment);

  for (const auto& spec : all_settings()) {
    if (auto done = resolve(spec, candidates, config, user_home, strictness); !done) {
      return std::unexpected(done.error());
    }
  }
  if (auto conflict = find_conflict(config); !conflict.empty()) {
    const Error problem{ErrorKind::bad_config, conflict, conflict};
    if (!allowed(problem)) return std::unexpected(problem);
  }
  add_warnings(config);
  return config;
}

}  // namespace

Result<Config> load_config(const ConfigSources& sources) {
  return load(sources, Strictness::strict);
}

Result<Config> load_config_leniently(const ConfigSources& sources) {
  return load(sources, Strictness::lenient);
}

}  // namespace distiq
