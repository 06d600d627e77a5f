#include "app/config/config_settings.h"

#include <algorithm>

#include "app/config/config_parse.h"
#include "openai/door_key.h"
#include "openai/model_names.h"

namespace distiq {
namespace {

using Group = SettingSpec::Group;
using Show = SettingSpec::Show;
using std::chrono::hours;
using std::chrono::milliseconds;

template <class T, class U>
bool store(T& field, std::optional<U> value) {
  if (!value) return false;
  field = static_cast<T>(std::move(*value));
  return true;
}

bool store_proxy(std::optional<HttpProxyAddress>& field, std::string_view value) {
  field = parse_http_proxy(value);
  return field.has_value();
}

bool store_path(std::filesystem::path& field, std::string_view value, const SettingContext& context) {
  if (value.find('\0') != std::string_view::npos) return false;
  std::filesystem::path path(value);
  if (value == "~" || value.starts_with("~/")) {
    if (context.user_home.empty()) return false;
    path = context.user_home / std::filesystem::path(value.substr(std::min<std::size_t>(2, value.size())));
  } else if (path.is_relative()) {
    path = context.base / path;
  }
  field = path.lexically_normal();
  return true;
}

bool store_hosts(std::vector<std::string>& field, std::string_view value) {
  auto hosts = parse_list(value);
  if (!std::ranges::all_of(hosts, [](const std::string& host) { return is_host(host); })) return false;
  field = std::move(hosts);
  return true;
}

bool store_token(Secret& field, std::string_view value) {
  const bool visible = std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f; });
  if (!visible || value.size() > 256) return false;
  field = Secret(std::string(value));
  return true;
}

// For features that are not in this build: the value is checked, so that it will not surprise later, and not used.
template <class T>
bool accept(const std::optional<T>& value) {
  return value.has_value();
}

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, std::string_view(lower(value))) != words.end();
}

constexpr std::string_view kBool = "true or false";
constexpr std::string_view kTimeout = "seconds from 0.05 to 86400";
constexpr std::string_view kPath = "a file name; \"~/\" is your home folder";
constexpr std::string_view kProxyForm = "http://[user:password@]host[:port]";

std::optional<milliseconds> timeout(std::string_view value) {
  return parse_seconds(value, milliseconds(50), hours(24));
}

const SettingSpec kSettings[] = {
    {.name = "PROXY_HOST",
     .default_text = "127.0.0.1",
     .range = "an IP address of this machine or localhost",
     .meaning = "Address to listen on. Anything but loopback needs PROXY_TOKEN.",
     .group = Group::listening,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (!is_ip_address(v) && lower(v) != "localhost") return false;
           c.listen.host = lower(v);
           return true;
         }},
    {.name = "PROXY_PORT",
     .default_text = "11434",
     .range = "a whole number from 0 to 65535, 0 being any free port",
     .meaning = "Port to listen on.",
     .group = Group::listening,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.listen.port, parse_whole(v, 0, 65535)); }},
    {.name = "PROXY_TOKEN",
     .default_text = "",
     .range = "1 to 256 visible ASCII characters without spaces",
     .meaning = "Callers must send it as the x-distiq-token header. Never shown.",
     .group = Group::listening,
     .apply = [](Config& c, std::string_view v, const SettingContext&) { return store_token(c.listen.token, v); },
     .show = Show::secret},
    {.name = "ALLOWED_HOSTS",
     .default_text = "",
     .range = "host names separated by commas, without ports",
     .meaning = "Names accepted in the Host header besides loopback's and PROXY_HOST (containers, WSL).",
     .group = Group::listening,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store_hosts(c.listen.allowed_hosts, v); }},

    {.name = "ANTHROPIC_API_BASE",
     .default_text = "https://api.anthropic.com",
     .range = "an http:// or https:// address with an optional path prefix, without user, query and fragment",
     .meaning = "Where requests go.",
     .group = Group::upstream,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.upstream, parse_upstream(v)); }},
    {.name = "HTTPS_PROXY",
     .default_text = "",
     .range = kProxyForm,
     .meaning = "Proxy towards an https upstream, asked to CONNECT.",
     .group = Group::upstream,
     .apply = [](Config& c, std::string_view v, const SettingContext&) { return store_proxy(c.https_proxy, v); },
     .show = Show::proxy_address,
     .lower_case_too = true},
    {.name = "HTTP_PROXY",
     .default_text = "",
     .range = kProxyForm,
     .meaning = "Proxy towards an http upstream, asked to CONNECT.",
     .group = Group::upstream,
     .apply = [](Config& c, std::string_view v, const SettingContext&) { return store_proxy(c.http_proxy, v); },
     .show = Show::proxy_address,
     .lower_case_too = true},
    {.name = "NO_PROXY",
     .default_text = "",
     .range = "host names separated by commas, or *",
     .meaning = "Hosts reached without a proxy; a name covers its subdomains. Loopback never needs to stand here.",
     .group = Group::upstream,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           c.no_proxy = parse_list(v);
           return true;
         },
     .lower_case_too = true},
    {.name = "SSL_CERT_FILE",
     .default_text = "",
     .range = kPath,
     .meaning = "PEM file of certificate authorities, trusted besides the system's.",
     .group = Group::upstream,
     .apply = [](Config& c, std::string_view v, const SettingContext& x) { return store_path(c.ssl_cert_file, v, x); }},
    {.name = "NODE_EXTRA_CA_CERTS",
     .default_text = "",
     .range = kPath,
     .meaning = "The same, under the name that Claude Code uses.",
     .group = Group::upstream,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext& x) { return store_path(c.node_extra_ca_certs, v, x); }},

    {.name = "SMART_ROUTING",
     .default_text = "true",
     .range = kBool,
     .meaning = "Requests go to a cheaper model where it pays; false: ROUTING_POLICY begins as off.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.steering.smart_routing, parse_bool(v)); }},
    {.name = "ROUTING_POLICY",
     .default_text = "balanced",
     .range = "off, observe, balanced or saver",
     .meaning = "How far routing goes. `distiq-code policy` changes it while the proxy runs.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.steering.routing_policy, routing_policy_from(lower(v))); }},
    {.name = "ECHO_REQUESTED_MODEL",
     .default_text = "true",
     .range = kBool,
     .meaning =
         "Answers to moved requests name the model that was asked for; Claude Code drops thinking on resume otherwise.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.steering.echo_requested_model, parse_bool(v)); }},
    {.name = "HOLDOUT_PERCENT",
     .default_text = "0",
     .range = "a whole number from 0 to 100",
     .meaning = "Share of sessions that are left alone, to compare with: column `arm` of the records.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.steering.holdout_percent, parse_whole(v, 0, 100)); }},
    {.name = "OPENAI_ENDPOINT",
     .default_text = "true",
     .range = kBool,
     .meaning = "Answer /v1/chat/completions and OpenAI's /v1/models.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.openai.endpoint, parse_bool(v)); }},
    {.name = "OPENAI_MODEL_MAP",
     .default_text = default_model_map,
     .range = "pattern=model pairs separated by commas, a model being a Claude id or alias",
     .meaning =
         "What other model names mean at the OpenAI endpoint; * stands for any text, the first that fits counts.",
     .group = Group::features,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (!ModelMap::parse(v, PriceTable::builtin())) return false;
           c.openai.model_map = v;
           return true;
         }},
    {.name = "OPENAI_BACKEND",
     .default_text = "api",
     .range = "api or cli",
     .meaning =
         "Who answers OpenAI clients that send this proxy's own token: the API with ANTHROPIC_API_KEY, or the claude "
         "CLI of the user.",
     .group = Group::features,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (!is_one_of(v, {"api", "cli"})) return false;
           c.openai.use_cli = lower(v) == "cli";
           return true;
         }},
    {.name = "ANTHROPIC_API_KEY",
     .default_text = "",
     .range = "an API key; a subscription's token is none",
     .meaning = "Lent to OpenAI clients that send this proxy's own token as their key. Never shown.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return !is_subscription_token(v) && store_token(c.openai.api_key, v); },
     .show = Show::secret,
     .often_foreign = true},
    {.name = "CLAUDE_CLI",
     .default_text = "claude",
     .range = "the name of a program or its path",
     .meaning = "The claude CLI, for OPENAI_BACKEND=cli.",
     .group = Group::features,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (v.find('\0') != std::string_view::npos) return false;
           c.openai.cli = v;
           return true;
         }},
    {.name = "CLAUDE_CLI_TOOLS",
     .default_text = "",
     .range = "names of Claude Code's tools separated by commas",
     .meaning = "What the claude CLI may use by itself, without asking, to answer OpenAI clients. Empty: nothing.",
     .group = Group::features,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           const auto is_allowed = [](char x) { return x > ' ' && x < 0x7f && x != '"' && x != '\''; };
           if (v.size() > 500 || v.starts_with('-') || !std::ranges::all_of(v, is_allowed)) return false;
           c.openai.cli_tools = v;
           return true;
         }},
    {.name = "CLAUDE_CLI_MAX_RUNS",
     .default_text = "4",
     .range = "a whole number from 1 to 64",
     .meaning = "Runs of the claude CLI at one time; a further request waits two seconds, then gets 503.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.openai.cli_max_runs, parse_whole(v, 1, 64)); }},
    {.name = "CLAUDE_CLI_SECONDS",
     .default_text = "600",
     .range = kTimeout,
     .meaning = "Time limit of one run of the claude CLI.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.openai.cli_time_limit, timeout(v)); }},
    {.name = "OTLP_ENDPOINT",
     .default_text = "",
     .range = "an http:// or https:// address with an optional path prefix, without user, query and fragment",
     .meaning =
         "OpenTelemetry collector that gets a trace of each request by OTLP/HTTP; /v1/traces is added. Empty: none.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.tracing.collector, parse_upstream(v)); }},
    {.name = "OTLP_HEADERS",
     .default_text = "",
     .range = "name=value pairs separated by commas, values percent-encoded, at most 8 KiB",
     .meaning = "Sent with the traces: `Authorization=Bearer%20...`. Never shown.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.tracing.headers, parse_fields(v)); },
     .show = Show::secret},
    {.name = "ML_ROUTING_ENABLED",
     .default_text = "true",
     .range = kBool,
     .meaning = "Judge prompts by embeddings; otherwise by patterns.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_bool(v)); },
     .in_this_build = false},
    {.name = "CACHE_ENABLED",
     .default_text = "true",
     .range = kBool,
     .meaning = "Response cache.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_bool(v)); },
     .in_this_build = false},
    {.name = "CACHE_TTL_HOURS",
     .default_text = "168",
     .range = "a whole number from 1 to 87600",
     .meaning = "Age at which a stored answer is no longer used.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_whole(v, 1, 87600)); },
     .in_this_build = false},
    {.name = "CACHE_SIMILARITY_THRESHOLD",
     .default_text = "0.85",
     .range = "a number from 0 to 1",
     .meaning = "Least similarity of a semantic hit; 1 is the same text.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_ratio(v)); },
     .in_this_build = false},
    {.name = "CACHE_MAX_SIZE",
     .default_text = "10000",
     .range = "a whole number from 1 to 1000000",
     .meaning = "Stored answers at most.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_whole(v, 1, 1'000'000)); },
     .in_this_build = false},
    {.name = "PROMPT_CACHING_ENABLED",
     .default_text = "true",
     .range = kBool,
     .meaning = "Set cache_control for clients that do not, for longer where it pays.",
     .group = Group::features,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.steering.prompt_caching, parse_bool(v)); }},
    {.name = "COMPRESSION_ENABLED",
     .default_text = "true",
     .range = kBool,
     .meaning = "Shorten what upstream has never seen.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_bool(v)); },
     .in_this_build = false},
    {.name = "COMPRESSION_TARGET_TOKENS",
     .default_text = "500",
     .range = "a whole number from 50 to 1000000",
     .meaning = "Size that compression aims at.",
     .group = Group::features,
     .apply = [](Config&, std::string_view v, const SettingContext&) { return accept(parse_whole(v, 50, 1'000'000)); },
     .in_this_build = false},

    {.name = "LOG_LEVEL",
     .default_text = "INFO",
     .range = "TRACE, DEBUG, INFO, WARN, ERROR or OFF",
     .meaning = "How much is logged to stderr. The line per request on stdout is not part of it.",
     .group = Group::output,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.log_level, parse_log_level(v)); },
     .often_foreign = true},
    {.name = "DEBUG",
     .default_text = "false",
     .range = kBool,
     .meaning = "true: the same as LOG_LEVEL=DEBUG.",
     .group = Group::output,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           // Stands after LOG_LEVEL in this table: it only ever lowers it.
           const auto on = parse_bool(v);
           if (on.value_or(false) && c.log_level > LogLevel::debug) c.log_level = LogLevel::debug;
           return on.has_value();
         },
     .often_foreign = true},
    {.name = "LOG_FORMAT",
     .default_text = "text",
     .range = "text or json",
     .meaning = "Form of the log and of the line per request.",
     .group = Group::output,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (!is_one_of(v, {"text", "json"})) return false;
           c.log_format = lower(v) == "json" ? LogFormat::json : LogFormat::text;
           return true;
         },
     .often_foreign = true},
    {.name = "UI_LANGUAGE",
     .default_text = "auto",
     .range = "auto, en or ru",
     .meaning = "Language of what people read: panel, `stats`, errors; auto follows LC_ALL, LC_MESSAGES or LANG.",
     .group = Group::output,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (!is_one_of(v, {"auto", "en", "ru"})) return false;
           if (lower(v) != "auto") c.language = lower(v) == "ru" ? Language::russian : Language::english;
           return true;
         }},
    {.name = "COLOR",
     .default_text = "auto",
     .range = "auto, always or never",
     .meaning = "Colour on stdout; auto is a terminal without NO_COLOR.",
     .group = Group::output,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (!is_one_of(v, {"auto", "always", "never"})) return false;
           if (lower(v) != "auto") c.colour = lower(v) == "always" ? ColourMode::always : ColourMode::never;
           return true;
         },
     .often_foreign = true},

    {.name = "DISTIQ_HOME",
     .default_text = "~/.distiq-code",
     .range = "a folder name; \"~/\" is your home folder",
     .meaning = "Where settings and records live (mode 0700). From the environment or the command line only.",
     .group = Group::state,
     .apply = [](Config& c, std::string_view v, const SettingContext& x) { return store_path(c.home, v, x); },
     .decides_files = true},
    {.name = "MODELS_FILE",
     .default_text = "",
     .range = kPath,
     .meaning = "Models and prices that replace entries of the built-in table.",
     .group = Group::state,
     .apply = [](Config& c, std::string_view v, const SettingContext& x) { return store_path(c.models_file, v, x); }},
    {.name = "RETENTION_DAYS",
     .default_text = "365",
     .range = "a whole number from 0 to 36500, 0 being for ever",
     .meaning = "Age at which records are deleted.",
     .group = Group::state,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.retention_days, parse_whole(v, 0, 36500)); }},

    {.name = "IO_THREADS",
     .default_text = "auto",
     .range = "auto or a whole number from 1 to 64",
     .meaning = "Threads that move bytes; auto is 2.",
     .group = Group::limits,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           if (lower(v) == "auto") return store(c.io_threads, std::optional(2u));
           return store(c.io_threads, parse_whole(v, 1, 64));
         }},
    {.name = "MAX_CONNECTIONS",
     .default_text = "1024",
     .range = "a whole number from 1 to 100000",
     .meaning = "Clients connected at one time; further ones are answered with 529 and closed.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.limits.max_connections, parse_whole(v, 1, 100'000)); }},
    {.name = "MAX_HEADER_BYTES",
     .default_text = "64KiB",
     .range = "a size from 1KiB to 1MiB",
     .meaning = "Head of one message; a larger one is refused with 431.",
     .group = Group::limits,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           return store(c.limits.max_header_bytes, parse_bytes(v, 1u << 10, 1u << 20));
         }},
    {.name = "MAX_BODY_BYTES",
     .default_text = "64MiB",
     .range = "a size from 1KiB to 1GiB",
     .meaning = "Body on paths that are read (/v1/messages); a larger one is refused with 413. Other paths stream.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.limits.max_body_bytes, parse_bytes(v, 1u << 10, 1u << 30)); }},
    {.name = "MAX_BUFFERED_BYTES",
     .default_text = "512MiB",
     .range = "a size from 1MiB to 64GiB, not below MAX_BODY_BYTES",
     .meaning = "Bodies of all requests under way. At the limit requests wait, after 30 s they are answered with 529.",
     .group = Group::limits,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           return store(c.limits.max_buffered_bytes, parse_bytes(v, 1u << 20, std::uint64_t{1} << 36));
         }},
    {.name = "HEADER_TIMEOUT_SECONDS",
     .default_text = "10",
     .range = kTimeout,
     .meaning = "From the first byte of a request to the end of its head.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.timeouts.header, timeout(v)); }},
    {.name = "BODY_TIMEOUT_SECONDS",
     .default_text = "60",
     .range = kTimeout,
     .meaning = "Between two reads of a request body.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v, const SettingContext&) { return store(c.timeouts.body, timeout(v)); }},
    {.name = "IDLE_TIMEOUT_SECONDS",
     .default_text = "120",
     .range = kTimeout,
     .meaning = "A client connection without a request is closed after this time.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v, const SettingContext&) { return store(c.timeouts.idle, timeout(v)); }},
    {.name = "CONNECT_TIMEOUT_SECONDS",
     .default_text = "10",
     .range = kTimeout,
     .meaning = "Name look-up, TCP, proxy and TLS towards upstream together.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.timeouts.connect, timeout(v)); }},
    {.name = "UPSTREAM_IDLE_SECONDS",
     .default_text = "55",
     .range = kTimeout,
     .meaning = "Age at which an unused upstream connection is not used again.",
     .group = Group::limits,
     .apply = [](Config& c, std::string_view v,
                 const SettingContext&) { return store(c.timeouts.upstream_idle, timeout(v)); }},
    {.name = "DRAIN_SECONDS",
     .default_text = "30",
     .range = "seconds from 0 to 86400",
     .meaning = "Time that running streams get at shutdown.",
     .group = Group::limits,
     .apply =
         [](Config& c, std::string_view v, const SettingContext&) {
           return store(c.timeouts.drain, parse_seconds(v, milliseconds(0), hours(24)));
         }},
};

}  // namespace

std::span<const SettingSpec> all_settings() {
  return kSettings;
}

const SettingSpec* find_setting(std::string_view upper_case_name) {
  for (const auto& spec : kSettings) {
    if (spec.name == upper_case_name) return &spec;
  }
  return nullptr;
}

}  // namespace distiq
