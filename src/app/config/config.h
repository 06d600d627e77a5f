// Every setting of one run, checked as a whole before anything starts. The order of sources, strongest first:
// command line, environment, env file, TOML file, default. Immutable once loaded; any thread may read it.
// Not here: what the settings do (see the modules that take them).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/error.h"
#include "base/log_level.h"
#include "base/secret.h"
#include "routing/routing_config.h"

namespace distiq {

// http(s)://host[:port][/prefix]
struct UpstreamAddress {
  bool tls = true;
  std::string host;  // name or IP without brackets
  std::uint16_t port = 443;
  std::string path_prefix;  // "" or "/prefix", never with a slash at its end

  [[nodiscard]] std::string origin() const;  // "https://host:port/prefix", a default port left out
  bool operator==(const UpstreamAddress&) const = default;
};

// An HTTP proxy that is asked to CONNECT.
struct HttpProxyAddress {
  std::string host;
  std::uint16_t port = 0;
  Secret credentials;  // "user:password", percent-decoded; empty if none
};

struct ListenConfig {
  std::string host = "127.0.0.1";          // IP address or "localhost"
  std::uint16_t port = 11434;              // 0: any free one
  Secret token;                            // empty: none asked for, possible on loopback only
  std::vector<std::string> allowed_hosts;  // Host names accepted besides loopback's and `host`; lower case
  int inherited_fd = -1;                   // a listening socket from the service manager, to be used instead

  [[nodiscard]] bool is_loopback() const;
};

struct LimitsConfig {
  std::size_t max_header_bytes = 65536;         // one message head; larger: 431
  std::size_t max_body_bytes = 64u << 20;       // on paths that are scanned; larger: 413
  std::size_t max_buffered_bytes = 512u << 20;  // all bodies held at one time; at the limit reading waits
  std::size_t max_connections = 1024;           // clients at one time
};

struct TimeoutsConfig {
  std::chrono::milliseconds header{10'000};         // first byte of a request to the end of its head
  std::chrono::milliseconds idle{120'000};          // client keep-alive without a request
  std::chrono::milliseconds body{60'000};           // between two reads of a request body
  std::chrono::milliseconds connect{10'000};        // name look-up, TCP, proxy and TLS together
  std::chrono::milliseconds upstream_idle{55'000};  // age at which an unused upstream connection is not used again
  std::chrono::milliseconds drain{30'000};          // running streams at shutdown
};

struct SteeringSettings {
  bool prompt_caching = true;                              // markers and lives; off with the policy too
  bool smart_routing = true;                               // false: the policy is off until it is changed live
  RoutingPolicy routing_policy = RoutingPolicy::balanced;  // at the start
  bool echo_requested_model = true;
  unsigned holdout_percent = 0;  // of the sessions

  [[nodiscard]] RoutingPolicy initial_policy() const { return smart_routing ? routing_policy : RoutingPolicy::off; }
};

struct OpenAiSettings {
  bool endpoint = true;
  bool use_cli = false;  // callers with a local token go to the claude CLI
  std::string model_map;
  Secret api_key;  // for callers with a local token; empty: none
  std::string cli = "claude";
  std::string cli_tools;  // separated by commas; empty: none
  unsigned cli_max_runs = 4;
  std::chrono::milliseconds cli_time_limit{600'000};
};

// Traces of requests to an OpenTelemetry collector; off unless it is named.
struct TracingSettings {
  std::optional<UpstreamAddress> collector;
  std::vector<std::pair<std::string, Secret>> headers;  // sent with every batch

  [[nodiscard]] std::string target() const;  // of the POSTs: the path and /v1/traces, unless it ends like that
};

enum class Language { english, russian };
enum class ColourMode { automatic, always, never };  // automatic: where the output is a terminal

enum class ConfigOrigin { default_value, toml_file, env_file, environment, command_line };
[[nodiscard]] std::string_view to_string(ConfigOrigin origin);

// One setting as `config` shows it. Secrets appear as "set" or "".
struct ConfigEntry {
  std::string_view name;
  std::string value;
  ConfigOrigin origin = ConfigOrigin::default_value;
  std::string source;  // "the environment (DISTIQ_PROXY_PORT)", "/home/a/.distiq-code/.env line 3", "default", ...
  bool in_this_build = true;
  std::string problem;  // why the value cannot be used; always empty unless loaded leniently
};

struct Config {
  ListenConfig listen;
  UpstreamAddress upstream;
  std::optional<HttpProxyAddress> https_proxy;
  std::optional<HttpProxyAddress> http_proxy;
  std::vector<std::string> no_proxy;          // lower case
  std::filesystem::path ssl_cert_file;        // empty: none
  std::filesystem::path node_extra_ca_certs;  // empty: none
  LimitsConfig limits;
  TimeoutsConfig timeouts;
  SteeringSettings steering;
  OpenAiSettings openai;
  TracingSettings tracing;
  unsigned io_threads = 2;
  LogLevel log_level = LogLevel::info;  // debug if DEBUG is on
  LogFormat log_format = LogFormat::text;
  Language language = Language::english;
  ColourMode colour = ColourMode::automatic;
  std::filesystem::path home;         // state folder, absolute; not created by loading
  std::filesystem::path models_file;  // empty: the built-in table
  unsigned retention_days = 365;      // 0: for ever
  // DISTIQ_TEST_CLOCK=1 in the environment, and nothing else: tests may move this proxy's clock forward. No setting, so
  // that no file can turn it on.
  bool test_clock = false;

  std::vector<ConfigEntry> entries;   // every setting, in the order of docs/configuration.md
  std::vector<std::string> warnings;  // whole sentences without secrets
  std::vector<std::string> problems;  // what would stop the start; always empty unless loaded leniently

  // The proxy that leads to `server`, or null to go direct (none set, NO_PROXY, or a loopback address).
  [[nodiscard]] const HttpProxyAddress* proxy_for(const UpstreamAddress& server) const;
  [[nodiscard]] const HttpProxyAddress* proxy_for_upstream() const { return proxy_for(upstream); }
  [[nodiscard]] const ConfigEntry* find(std::string_view name) const;
};

struct ConfigSources {
  Environment environment;
  std::optional<std::filesystem::path> env_file;     // --env-file: must exist; unset: <home>/.env if there is one
  std::optional<std::filesystem::path> config_file;  // --config: must exist; unset: <home>/config.toml if there is one
  std::vector<std::pair<std::string, std::string>> command_line;  // setting name, value; the last one counts
};

// Reads files, changes nothing. An empty value counts as not set. Fails with bad_config; client_text is the one
// sentence for the user: key, source, allowed range, never a secret.
[[nodiscard]] Result<Config> load_config(const ConfigSources& sources);

// For commands that show or read and do not start anything: what cannot be used is left at its default and told in
// `problems`. Fails only if there is no state folder to look into.
[[nodiscard]] Result<Config> load_config_leniently(const ConfigSources& sources);

// What people are spoken to before a setting says otherwise: LC_ALL, LC_MESSAGES or LANG.
[[nodiscard]] Language locale_language(const Environment& environment);

// "", or why `config` cannot work as a whole. Part of load_config; apart so that wiring can check what it changed.
[[nodiscard]] std::string find_conflict(const Config& config);

// True for 127.0.0.0/8, ::1 and localhost.
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace distiq
