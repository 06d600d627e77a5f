#include "app/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <map>

#include "app/config/config_settings.h"
#include "app/config/config_texts.h"

namespace distiq {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using Variables = std::map<std::string, std::string, std::less<>>;

// A throw-away home with settings files in it.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string name = testing::TempDir() + "distiq-config-XXXXXX";
    home_ = ::mkdtemp(name.data());
    std::filesystem::create_directory(state());
  }
  ~ConfigTest() override { std::filesystem::remove_all(home_); }

  [[nodiscard]] std::filesystem::path state() const { return home_ / ".distiq-code"; }
  void write(const std::filesystem::path& path, std::string_view text) const { std::ofstream(path) << text; }

  [[nodiscard]] ConfigSources sources(Variables variables = {}) const {
    variables.emplace("HOME", home_.string());
    ConfigSources result;
    result.environment = Environment(std::move(variables));
    return result;
  }
  [[nodiscard]] Result<Config> load(Variables variables = {}) const {
    return load_config(sources(std::move(variables)));
  }
  [[nodiscard]] std::string refusal(Variables variables) const {
    const auto config = load(std::move(variables));
    if (config) return "accepted";
    EXPECT_EQ(config.error().kind, ErrorKind::bad_config);
    return config.error().client_text;
  }

  std::filesystem::path home_;
};

TEST_F(ConfigTest, defaults_are_those_of_the_struct_and_of_the_promise) {
  const auto config = load();
  ASSERT_TRUE(config.has_value()) << config.error().client_text;
  const Config plain;
  EXPECT_EQ(config->listen.host, "127.0.0.1");
  EXPECT_EQ(config->listen.port, 11434);
  EXPECT_TRUE(config->listen.token.empty());
  EXPECT_EQ(config->upstream.origin(), "https://api.anthropic.com");
  EXPECT_EQ(config->log_level, plain.log_level);
  EXPECT_EQ(config->io_threads, plain.io_threads);
  EXPECT_EQ(config->retention_days, plain.retention_days);
  EXPECT_EQ(config->limits.max_header_bytes, plain.limits.max_header_bytes);
  EXPECT_EQ(config->limits.max_body_bytes, plain.limits.max_body_bytes);
  EXPECT_EQ(config->limits.max_buffered_bytes, plain.limits.max_buffered_bytes);
  EXPECT_EQ(config->limits.max_connections, plain.limits.max_connections);
  EXPECT_EQ(config->timeouts.header, plain.timeouts.header);
  EXPECT_EQ(config->timeouts.idle, plain.timeouts.idle);
  EXPECT_EQ(config->timeouts.body, plain.timeouts.body);
  EXPECT_EQ(config->timeouts.connect, plain.timeouts.connect);
  EXPECT_EQ(config->timeouts.upstream_idle, plain.timeouts.upstream_idle);
  EXPECT_EQ(config->timeouts.drain, plain.timeouts.drain);
  EXPECT_EQ(config->home, state());
  EXPECT_TRUE(config->warnings.empty());
  EXPECT_EQ(config->entries.size(), all_settings().size());
  for (const auto& entry : config->entries) EXPECT_EQ(entry.origin, ConfigOrigin::default_value) << entry.name;
}

struct ValueCase {
  std::string_view name;
  std::string_view good;
  std::vector<std::string_view> bad;
};

// One good value that is not the default, and values that must stop the start, for every setting.
const ValueCase kValueCases[] = {
    {"PROXY_HOST", "127.0.0.2", {"example.com", "*", "http://127.0.0.1", "127.0.0.1:80"}},
    {"PROXY_PORT", "65535", {"65536", "-1", "http", "1.5"}},
    {"PROXY_TOKEN", "0123456789abcdef", {"two words", "tökén", std::string_view("a\nb")}},
    {"ALLOWED_HOSTS", "host.docker.internal, devbox", {"*", "a:80", "http://a"}},
    {"ANTHROPIC_API_BASE", "http://10.0.0.1:8080/prefix", {"api.anthropic.com", "ftp://h", "https://u:p@h"}},
    {"HTTPS_PROXY", "http://u:p@proxy:1", {"socks5://h:1", "https://h:1"}},
    {"HTTP_PROXY", "proxy:1", {"socks5://h:1"}},
    {"NO_PROXY", "*", {}},
    {"SSL_CERT_FILE", "/etc/hostname", {}},
    {"NODE_EXTRA_CA_CERTS", "/etc/hostname", {}},
    {"SMART_ROUTING", "false", {"maybe"}},
    {"ROUTING_POLICY", "Saver", {"aggressive"}},
    {"ECHO_REQUESTED_MODEL", "false", {"x"}},
    {"HOLDOUT_PERCENT", "10", {"101", "-1", "1.5"}},
    {"ML_ROUTING_ENABLED", "off", {"2"}},
    {"OPENAI_ENDPOINT", "no", {"x"}},
    {"OPENAI_MODEL_MAP", "gpt-5*=opus, *=claude-new-9", {"gpt-5", "gpt-5=gemini", "=opus"}},
    {"OPENAI_BACKEND", "cli", {"both"}},
    {"ANTHROPIC_API_KEY", "sk-ant-api03-x", {"sk-ant-oat01-x", "two words"}},
    {"CLAUDE_CLI", "/opt/claude", {}},
    {"CLAUDE_CLI_TOOLS", "Read,Grep", {"-x", "a b"}},
    {"CLAUDE_CLI_MAX_RUNS", "1", {"0", "65"}},
    {"CLAUDE_CLI_SECONDS", "5", {"0"}},
    {"OTLP_ENDPOINT", "http://127.0.0.1:4318", {"127.0.0.1:4318", "grpc://h:4317", "https://u:p@h", "http://h/?a=b"}},
    {"OTLP_HEADERS", "Authorization=Bearer%20x", {"x", "=x", "a b=c", "a=%0d%0a", "a=%zz", "Host=h", "a=1,b"}},
    {"CACHE_ENABLED", "0", {"x"}},
    {"CACHE_TTL_HOURS", "1", {"0", "-1", "1.5"}},
    {"CACHE_SIMILARITY_THRESHOLD", "0.9", {"1.1", "-0.1", "nan"}},
    {"CACHE_MAX_SIZE", "1", {"0", "1000001"}},
    {"PROMPT_CACHING_ENABLED", "false", {"x"}},
    {"COMPRESSION_ENABLED", "false", {"x"}},
    {"COMPRESSION_TARGET_TOKENS", "100", {"49", "x"}},
    {"DEBUG", "true", {"express:*"}},
    {"LOG_LEVEL", "warning", {"verbose"}},
    {"LOG_FORMAT", "json", {"xml"}},
    {"UI_LANGUAGE", "ru", {"de"}},
    {"COLOR", "never", {"red"}},
    {"MODELS_FILE", "/tmp/models.json", {}},
    {"RETENTION_DAYS", "0", {"-1", "36501"}},
    {"IO_THREADS", "4", {"0", "65", "many"}},
    {"MAX_CONNECTIONS", "1", {"0", "100001"}},
    {"MAX_HEADER_BYTES", "1024", {"1023", "2MiB"}},
    {"MAX_BODY_BYTES", "1K", {"1023", "2GiB"}},
    {"MAX_BUFFERED_BYTES", "64MiB", {"1023K", "65GiB"}},
    {"HEADER_TIMEOUT_SECONDS", "0.05", {"0", "86401"}},
    {"BODY_TIMEOUT_SECONDS", "1", {"0"}},
    {"IDLE_TIMEOUT_SECONDS", "1", {"0"}},
    {"CONNECT_TIMEOUT_SECONDS", "1", {"0"}},
    {"UPSTREAM_IDLE_SECONDS", "1", {"0"}},
    {"DRAIN_SECONDS", "0", {"-1"}},
};

TEST_F(ConfigTest, case_table_holds_every_setting) {
  std::vector<std::string_view> covered{"DISTIQ_HOME"};  // has tests of its own below
  for (const auto& c : kValueCases) covered.push_back(c.name);
  for (const auto& spec : all_settings()) EXPECT_THAT(covered, testing::Contains(spec.name));
  EXPECT_EQ(covered.size(), all_settings().size());
}

TEST_F(ConfigTest, a_strange_secret_is_not_shown_in_the_warning) {
  const auto config = load({{"ANTHROPIC_API_KEY", "sk-ant-oat01-secret"}});
  ASSERT_TRUE(config.has_value());
  EXPECT_TRUE(config->openai.api_key.empty());
  EXPECT_THAT(config->warnings, testing::ElementsAre(testing::AllOf(HasSubstr("ANTHROPIC_API_KEY=set"),
                                                                    testing::Not(HasSubstr("secret")))));
}

TEST_F(ConfigTest, every_setting_is_taken_from_every_source) {
  for (const auto& c : kValueCases) {
    const std::string name(c.name);
    const std::string value(c.good);
    const auto expect_origin = [&](const Result<Config>& config, ConfigOrigin origin, std::string_view source) {
      ASSERT_TRUE(config.has_value()) << name << ": " << config.error().client_text;
      const auto* entry = config->find(name);
      ASSERT_NE(entry, nullptr);
      EXPECT_EQ(entry->origin, origin) << name;
      // With UI_LANGUAGE=ru the source is named in Russian.
      if (config->language == Language::english) {
        EXPECT_THAT(entry->source, HasSubstr(source)) << name;
      }
    };
    expect_origin(load({{name, value}}), ConfigOrigin::environment, "the environment");
    expect_origin(load({{"DISTIQ_" + name, value}}), ConfigOrigin::environment, "environment (DISTIQ_" + name + ")");

    auto command_line = sources();
    command_line.command_line = {{name, value}};
    expect_origin(load_config(command_line), ConfigOrigin::command_line, "command line");

    write(state() / ".env", "\n" + name + "='" + value + "'\n");
    expect_origin(load(), ConfigOrigin::env_file, ".distiq-code/.env line 2");
    std::filesystem::remove(state() / ".env");

    write(state() / "config.toml", "\n\n" + name + " = '" + value + "'\n");
    expect_origin(load(), ConfigOrigin::toml_file, ".distiq-code/config.toml line 3");
    std::filesystem::remove(state() / "config.toml");
  }
}

TEST_F(ConfigTest, every_wrong_value_stops_with_key_source_and_range) {
  for (const auto& c : kValueCases) {
    for (const auto bad : c.bad) {
      const auto prefixed = "DISTIQ_" + std::string(c.name);
      const auto text = refusal({{prefixed, std::string(bad)}});
      EXPECT_THAT(text, testing::StartsWith(std::string(c.name)));
      EXPECT_THAT(text, HasSubstr("the environment (" + prefixed + ")")) << bad;
      EXPECT_THAT(text, HasSubstr("allowed is " + std::string(find_setting(c.name)->range))) << bad;
    }
  }
}

TEST_F(ConfigTest, sources_in_order_of_strength) {
  write(state() / "config.toml", "proxy_port = 1\nRETENTION_DAYS = 1\nMAX_CONNECTIONS = 1\nCACHE_MAX_SIZE = 1\n");
  write(state() / ".env", "PROXY_PORT=2\nRETENTION_DAYS=2\nMAX_CONNECTIONS=2\n");
  auto all = sources({{"PROXY_PORT", "3"}, {"RETENTION_DAYS", "3"}});
  all.command_line = {{"PROXY_PORT", "4"}, {"PROXY_PORT", "5"}};
  const auto config = load_config(all);
  ASSERT_TRUE(config.has_value()) << config.error().client_text;
  EXPECT_EQ(config->listen.port, 5);
  EXPECT_EQ(config->retention_days, 3u);
  EXPECT_EQ(config->limits.max_connections, 2u);
  EXPECT_EQ(config->find("CACHE_MAX_SIZE")->value, "1");
  EXPECT_EQ(config->find("CACHE_MAX_SIZE")->origin, ConfigOrigin::toml_file);
}

TEST_F(ConfigTest, prefixed_name_is_stronger_than_the_bare_one_in_the_same_source) {
  EXPECT_EQ(load({{"PROXY_PORT", "1"}, {"DISTIQ_PROXY_PORT", "2"}})->listen.port, 2);
  write(state() / ".env", "DISTIQ_PROXY_PORT=3\nPROXY_PORT=4\n");
  EXPECT_EQ(load()->listen.port, 3);
  EXPECT_EQ(load({{"PROXY_PORT", "5"}})->listen.port, 5) << "but not stronger than a stronger source";
}

TEST_F(ConfigTest, empty_value_is_not_set) {
  write(state() / ".env", "PROXY_PORT=7\n");
  EXPECT_EQ(load({{"PROXY_PORT", ""}, {"PROXY_TOKEN", " "}})->listen.port, 7);
}

TEST_F(ConfigTest, last_line_of_a_name_counts) {
  write(state() / ".env", "PROXY_PORT=7\nPROXY_PORT=8\n");
  EXPECT_EQ(load()->listen.port, 8);
}

TEST_F(ConfigTest, env_file_of_the_current_folder_is_never_read) {
  const auto before = std::filesystem::current_path();
  const auto repository = home_ / "hostile";
  std::filesystem::create_directory(repository);
  write(repository / ".env", "ANTHROPIC_API_BASE=http://evil.test\n");
  write(repository / "config.toml", "ANTHROPIC_API_BASE='http://evil.test'\n");
  std::filesystem::current_path(repository);
  const auto config = load();
  std::filesystem::current_path(before);
  EXPECT_EQ(config->upstream.origin(), "https://api.anthropic.com");
}

TEST_F(ConfigTest, named_files_replace_the_standard_ones_and_must_exist) {
  write(state() / ".env", "PROXY_PORT=1\n");
  write(state() / "config.toml", "RETENTION_DAYS=1\n");
  write(home_ / "other.env", "MAX_CONNECTIONS=9\n");
  write(home_ / "other.toml", "CACHE_TTL_HOURS=9\n");
  auto named = sources();
  named.env_file = home_ / "other.env";
  named.config_file = home_ / "other.toml";
  const auto config = load_config(named);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->listen.port, 11434);
  EXPECT_EQ(config->retention_days, 365u);
  EXPECT_EQ(config->limits.max_connections, 9u);
  EXPECT_EQ(config->find("CACHE_TTL_HOURS")->value, "9");

  named.env_file = home_ / "missing.env";
  const auto missing = load_config(named);
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().client_text, HasSubstr("missing.env"));
}

TEST_F(ConfigTest, broken_files_stop_with_path_and_line) {
  write(state() / ".env", "PROXY_PORT=1\nnonsense\n");
  EXPECT_THAT(refusal({}), testing::AllOf(HasSubstr(".env"), HasSubstr("line 2")));
  std::filesystem::remove(state() / ".env");
  write(state() / "config.toml", "PROXY_PORT = 1\nPROXY_TOKEN = \"hidden-secret\n");
  EXPECT_THAT(refusal({}), testing::AllOf(HasSubstr("config.toml"), HasSubstr("line 2"), Not(HasSubstr("hidden"))));
  write(state() / "config.toml", "PROXY_PORT = { a = 1 }\n");
  EXPECT_THAT(refusal({}), HasSubstr("line 1"));
  write(state() / "config.toml", std::string(2u << 20, '#'));
  EXPECT_THAT(refusal({}), HasSubstr("larger"));
}

TEST_F(ConfigTest, toml_takes_its_own_types) {
  write(state() / "config.toml",
        "PROXY_PORT = 1\nDEBUG = true\nCACHE_SIMILARITY_THRESHOLD = 0.5\nALLOWED_HOSTS = ['a', 'B']\n"
        "HEADER_TIMEOUT_SECONDS = 1.5\nlog_format = 'json'\n");
  const auto config = load();
  ASSERT_TRUE(config.has_value()) << config.error().client_text;
  EXPECT_EQ(config->listen.port, 1);
  EXPECT_EQ(config->log_level, LogLevel::debug);
  EXPECT_EQ(config->listen.allowed_hosts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->timeouts.header, milliseconds(1500));
  EXPECT_EQ(config->log_format, LogFormat::json);
}

TEST_F(ConfigTest, unknown_names_warn_where_they_must_be_ours) {
  write(state() / "config.toml", "PROXY_PROT = 1\n");
  write(state() / ".env", "OTHER_PROGRAM=1\nDISTIQ_PROT=1\n");
  const auto config = load({{"DISTIQ_TYPO", "1"}, {"UNRELATED", "1"}});
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->warnings, testing::UnorderedElementsAre(
                                    testing::AllOf(HasSubstr("PROXY_PROT"), HasSubstr("Did you mean PROXY_PORT?")),
                                    HasSubstr("OTHER_PROGRAM"), HasSubstr("DISTIQ_PROT"), HasSubstr("DISTIQ_TYPO")));
}

TEST_F(ConfigTest, in_a_shared_env_file_only_near_misses_warn) {
  write(home_ / "shared.env", "OTHER_PROGRAM=1\nCACHE_TTL_HOUR=2\nPROXY_PORT=1\nDISTIQ_NONSENSE=1\n");
  auto named = sources();
  named.env_file = home_ / "shared.env";
  const auto config = load_config(named);
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->warnings,
              testing::UnorderedElementsAre(HasSubstr("Did you mean CACHE_TTL_HOURS?"), HasSubstr("DISTIQ_NONSENSE")));
}

TEST(Suggestion, the_nearest_name_and_none_for_what_is_something_else) {
  for (const auto& [name, meant] : std::map<std::string, std::string>{{"PROXY_PROT", "PROXY_PORT"},
                                                                      {"proxy_prt", "PROXY_PORT"},
                                                                      {"DISTIQ_LOGLEVEL", "LOG_LEVEL"},
                                                                      {"RETENTION_DAY", "RETENTION_DAYS"},
                                                                      {"ANTHROPIC_BASE_API", ""},
                                                                      {"PATH", ""},
                                                                      {"DISTIQ_NONSENSE", ""},
                                                                      {"", ""}}) {
    const auto said = suggestion(name, Language::english);
    EXPECT_EQ(said, meant.empty() ? "" : " Did you mean " + meant + "?") << name;
  }
}

TEST_F(ConfigTest, leniently_a_wrong_value_is_told_and_the_default_counts) {
  write(state() / "config.toml", "RETENTION_DAYS = 7\nIO_THREADS = 9999\n");
  auto wrong = sources({{"PROXY_PORT", "99999"}, {"PROXY_TOKEN", "hidden token"}, {"PROXY_HOST", "0.0.0.0"}});
  EXPECT_FALSE(load_config(wrong).has_value());
  const auto config = load_config_leniently(wrong);
  ASSERT_TRUE(config.has_value()) << config.error().client_text;
  EXPECT_EQ(config->listen.port, 11434);
  EXPECT_EQ(config->retention_days, 7u);
  EXPECT_EQ(config->find("PROXY_PORT")->value, "99999");
  EXPECT_THAT(config->find("PROXY_PORT")->problem, HasSubstr("0 to 65535"));
  EXPECT_THAT(config->find("IO_THREADS")->source, HasSubstr("config.toml line 2"));
  EXPECT_EQ(config->find("RETENTION_DAYS")->problem, "");
  EXPECT_THAT(config->problems, testing::ElementsAre(HasSubstr("PROXY_PORT=99999"), HasSubstr("PROXY_TOKEN"),
                                                     HasSubstr("IO_THREADS"), HasSubstr("can be reached by others")));
  for (const auto& problem : config->problems) EXPECT_THAT(problem, Not(HasSubstr("hidden")));
  write(state() / ".env", "nonsense\n");
  EXPECT_THAT(load_config_leniently(wrong)->problems.front(), HasSubstr("line 1"));
  EXPECT_TRUE(load_config(sources({{"DISTIQ_HOME", (home_ / "other").string()}}))->problems.empty());
}

TEST_F(ConfigTest, russian_says_everything_in_russian) {
  write(state() / ".env", "UI_LANGUAGE=ru\nPROXY_PROT=1\n");
  const auto config = load({{"SMART_ROUTING", "on"}, {"SSL_CERT_FILE", "/nonexistent"}, {"PROXY_TOKEN", "short"}});
  ASSERT_TRUE(config.has_value()) << config.error().client_text;
  EXPECT_EQ(config->find("PROXY_HOST")->source, "по умолчанию");
  EXPECT_EQ(config->find("PROXY_TOKEN")->source, "окружение");
  EXPECT_THAT(config->warnings, testing::Contains(HasSubstr("Может быть, PROXY_PORT?")));
  for (const auto& warning : config->warnings) EXPECT_THAT(warning, Not(HasSubstr(" is "))) << warning;
  EXPECT_THAT(refusal({{"PROXY_PORT", "x"}}), HasSubstr("Допустимо: целое число от 0 до 65535"));
  EXPECT_THAT(refusal({{"PROXY_HOST", "0.0.0.0"}}), HasSubstr("доступен другим"));
  for (const auto& spec : all_settings()) {
    const bool same_in_both = spec.range.find(' ') == std::string_view::npos;
    if (!same_in_both) {
      EXPECT_NE(range_text(spec.range, Language::russian), spec.range) << spec.name;
    }
  }
}

TEST_F(ConfigTest, foreign_debug_and_log_level_are_ignored_with_a_warning) {
  write(state() / "config.toml", "LOG_LEVEL = 'ERROR'\n");
  const auto config = load({{"DEBUG", "express:*"}, {"LOG_LEVEL", "verbose"}, {"LOG_FORMAT", "pretty"}});
  ASSERT_TRUE(config.has_value()) << config.error().client_text;
  EXPECT_EQ(config->log_level, LogLevel::error) << "the next source counts";
  EXPECT_EQ(config->warnings.size(), 3u);
  EXPECT_THAT(config->warnings, testing::Contains(testing::AllOf(HasSubstr("DEBUG=express:*"), HasSubstr("ignored"))));
  EXPECT_THAT(refusal({{"DISTIQ_DEBUG", "express:*"}}), HasSubstr("not usable")) << "a prefixed name is ours";
}

TEST_F(ConfigTest, debug_only_adds) {
  EXPECT_EQ(load({{"DEBUG", "1"}})->log_level, LogLevel::debug);
  EXPECT_EQ(load({{"DEBUG", "1"}, {"LOG_LEVEL", "TRACE"}})->log_level, LogLevel::trace);
  EXPECT_EQ(load({{"DEBUG", "0"}, {"LOG_LEVEL", "WARN"}})->log_level, LogLevel::warn);
}

TEST_F(ConfigTest, features_of_later_builds_are_accepted_and_marked) {
  const auto config = load({{"COMPRESSION_ENABLED", "true"}});
  ASSERT_TRUE(config.has_value());
  EXPECT_FALSE(config->find("COMPRESSION_ENABLED")->in_this_build);
  EXPECT_TRUE(config->find("PROXY_PORT")->in_this_build);
  EXPECT_THAT(config->warnings,
              testing::ElementsAre(testing::AllOf(HasSubstr("COMPRESSION_ENABLED"), HasSubstr("not in this build"))));
}

TEST_F(ConfigTest, secrets_are_never_printed) {
  const std::string token = "tok-hidden-0123456789";
  const auto config = load({{"PROXY_TOKEN", token}, {"HTTPS_PROXY", "http://me:pw-hidden@proxy:1"}});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->listen.token.reveal(), token);
  EXPECT_EQ(config->https_proxy->credentials.reveal(), "me:pw-hidden");
  EXPECT_EQ(config->find("PROXY_TOKEN")->value, "set");
  EXPECT_EQ(config->find("HTTPS_PROXY")->value, "http://...@proxy:1");
  for (const auto& entry : config->entries) {
    EXPECT_THAT(entry.value, Not(HasSubstr("hidden")));
    EXPECT_THAT(entry.source, Not(HasSubstr("hidden")));
  }
  EXPECT_THAT(refusal({{"PROXY_TOKEN", "hidden token"}}), Not(HasSubstr("hidden")));
  EXPECT_THAT(refusal({{"HTTPS_PROXY", "socks5://me:hidden@proxy:1"}}), Not(HasSubstr("hidden")));
  EXPECT_THAT(refusal({{"ANTHROPIC_API_BASE", "https://me:hidden@host"}}), Not(HasSubstr("hidden")));
}

TEST_F(ConfigTest, secret_in_a_file_for_all_and_short_token_warn) {
  using std::filesystem::perms;
  write(state() / ".env", "PROXY_TOKEN=0123456789abcdef\n");
  std::filesystem::permissions(state() / ".env", perms::owner_read | perms::owner_write | perms::others_read);
  EXPECT_THAT(load()->warnings, testing::ElementsAre(HasSubstr("chmod 600")));
  std::filesystem::permissions(state() / ".env", perms::owner_read | perms::owner_write);
  EXPECT_TRUE(load()->warnings.empty());
  EXPECT_THAT(load({{"PROXY_TOKEN", "short"}})->warnings,
              testing::ElementsAre(testing::AllOf(HasSubstr("PROXY_TOKEN"), Not(HasSubstr("short\"")))));
}

TEST_F(ConfigTest, hostile_value_cannot_write_to_the_terminal) {
  EXPECT_THAT(refusal({{"PROXY_PORT", "\x1b[2J1\n2"}}), testing::AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\n"))));
}

TEST_F(ConfigTest, address_that_others_can_reach_needs_a_token) {
  for (const char* host : {"0.0.0.0", "192.168.1.5", "::"}) {
    EXPECT_THAT(refusal({{"PROXY_HOST", host}}), HasSubstr("PROXY_TOKEN")) << host;
    EXPECT_TRUE(load({{"PROXY_HOST", host}, {"PROXY_TOKEN", "0123456789abcdef"}}).has_value()) << host;
  }
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"}) {
    EXPECT_TRUE(load({{"PROXY_HOST", host}}).has_value()) << host;
  }
}

TEST_F(ConfigTest, upstream_that_is_ourselves_is_refused) {
  for (const char* base :
       {"http://127.0.0.1:11434", "http://localhost:11434/x", "http://[::1]:11434", "http://0.0.0.0:11434"}) {
    EXPECT_THAT(refusal({{"ANTHROPIC_API_BASE", base}}), HasSubstr("itself")) << base;
  }
  EXPECT_TRUE(load({{"ANTHROPIC_API_BASE", "http://127.0.0.1:11435"}}).has_value());
  EXPECT_TRUE(load({{"ANTHROPIC_API_BASE", "http://example.test:11434"}}).has_value());
}

TEST_F(ConfigTest, proxy_that_is_ourselves_is_refused_unless_it_is_not_used) {
  EXPECT_THAT(refusal({{"HTTPS_PROXY", "http://127.0.0.1:11434"}}), HasSubstr("itself"));
  EXPECT_TRUE(load({{"HTTPS_PROXY", "http://127.0.0.1:11434"}, {"NO_PROXY", "anthropic.com"}}).has_value());
  EXPECT_TRUE(load({{"HTTP_PROXY", "http://127.0.0.1:11434"}}).has_value()) << "the upstream is https";
}

TEST_F(ConfigTest, proxy_is_chosen_by_scheme_and_no_proxy) {
  const auto proxy_host = [&](Variables variables) -> std::string {
    variables.emplace("https_proxy", "http://secure:1");
    variables.emplace("HTTP_PROXY", "http://plain:1");
    const auto config = load(std::move(variables));
    if (!config) return config.error().client_text;
    return config->proxy_for_upstream() == nullptr ? "direct" : config->proxy_for_upstream()->host;
  };
  EXPECT_EQ(proxy_host({}), "secure");
  EXPECT_EQ(proxy_host({{"ANTHROPIC_API_BASE", "http://a.test"}}), "plain");
  EXPECT_EQ(proxy_host({{"ANTHROPIC_API_BASE", "http://127.0.0.1:1"}}), "direct");
  for (const char* rule :
       {"*", "api.anthropic.com", "anthropic.com", ".anthropic.com", "*.anthropic.com", "x, API.Anthropic.com:443"}) {
    EXPECT_EQ(proxy_host({{"NO_PROXY", rule}}), "direct") << rule;
  }
  for (const char* rule : {"i.anthropic.com", "ropic.com", "com.", "api.anthropic.com:444", "anthropic.org"}) {
    EXPECT_EQ(proxy_host({{"no_proxy", rule}}), "secure") << rule;
  }
}

TEST_F(ConfigTest, lower_case_proxy_names_count_first) {
  EXPECT_EQ(load({{"https_proxy", "http://small:1"}, {"HTTPS_PROXY", "http://big:1"}})->https_proxy->host, "small");
  EXPECT_EQ(load({{"proxy_port", "1"}})->listen.port, 11434) << "other names are upper case in the environment";
}

TEST_F(ConfigTest, budget_must_hold_one_body) {
  EXPECT_THAT(refusal({{"MAX_BUFFERED_BYTES", "1MiB"}}), HasSubstr("MAX_BODY_BYTES"));
}

TEST_F(ConfigTest, state_folder_comes_from_the_environment_only) {
  const auto other = home_ / "other";
  std::filesystem::create_directory(other);
  write(other / ".env", "PROXY_PORT=42\nDISTIQ_HOME=/elsewhere\n");
  const auto config = load({{"DISTIQ_HOME", other.string()}});
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->home, other);
  EXPECT_EQ(config->listen.port, 42) << "its settings files are the ones that count";
  EXPECT_THAT(config->warnings, testing::ElementsAre(testing::AllOf(HasSubstr("DISTIQ_HOME"), HasSubstr("ignored"))));
  EXPECT_EQ(load({{"DISTIQ_HOME", "~/x"}})->home, home_ / "x");
}

TEST_F(ConfigTest, no_home_is_a_clear_stop) {
  ConfigSources none;
  const auto config = load_config(none);
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error().client_text, HasSubstr("DISTIQ_HOME"));
}

TEST_F(ConfigTest, relative_names_in_a_file_are_relative_to_that_file) {
  write(state() / "config.toml", "MODELS_FILE = 'models.json'\n");
  EXPECT_EQ(load()->models_file, state() / "models.json");
  EXPECT_EQ(load({{"MODELS_FILE", "m.json"}})->models_file, std::filesystem::current_path() / "m.json");
}

TEST_F(ConfigTest, missing_certificate_files_and_v1_prefix_warn) {
  const auto config = load({{"SSL_CERT_FILE", "/nonexistent/ca.pem"}, {"ANTHROPIC_API_BASE", "https://h/v1"}});
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->warnings, testing::UnorderedElementsAre(HasSubstr("SSL_CERT_FILE"), HasSubstr("/v1")));
}

TEST_F(ConfigTest, language_follows_the_locale_unless_it_is_set) {
  EXPECT_EQ(load()->language, Language::english);
  EXPECT_EQ(load({{"LANG", "ru_RU.UTF-8"}})->language, Language::russian);
  EXPECT_EQ(load({{"LANG", "ru_RU.UTF-8"}, {"LC_ALL", "C.UTF-8"}})->language, Language::english);
  EXPECT_EQ(load({{"LANG", "run"}})->language, Language::english);
  EXPECT_EQ(load({{"LANG", "ru_RU.UTF-8"}, {"UI_LANGUAGE", "en"}})->language, Language::english);
}

TEST_F(ConfigTest, no_color_is_respected_unless_colour_is_asked_for) {
  EXPECT_EQ(load()->colour, ColourMode::automatic);
  EXPECT_EQ(load({{"NO_COLOR", "1"}})->colour, ColourMode::never);
  EXPECT_EQ(load({{"TERM", "dumb"}})->colour, ColourMode::never);
  EXPECT_EQ(load({{"NO_COLOR", "1"}, {"COLOR", "always"}})->colour, ColourMode::always);
}

TEST_F(ConfigTest, documentation_has_a_row_for_every_setting_as_it_is) {
  std::ifstream file(std::filesystem::path(DISTIQ_SOURCE_DIR) / "docs" / "configuration.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  for (const auto& spec : all_settings()) {
    const auto standard = spec.default_text.empty() ? "-" : "`" + std::string(spec.default_text) + "`";
    const auto row = "| `" + std::string(spec.name) + "` | " + standard + " | " + std::string(spec.range) + " | " +
                     std::string(spec.meaning) + " |\n";
    EXPECT_THAT(document, HasSubstr(row));
  }
}

TEST_F(ConfigTest, without_smart_routing_the_policy_begins_as_off) {
  EXPECT_EQ(load()->steering.initial_policy(), RoutingPolicy::balanced);
  EXPECT_EQ(load({{"ROUTING_POLICY", "Saver"}})->steering.initial_policy(), RoutingPolicy::saver);
  EXPECT_EQ(load({{"ROUTING_POLICY", "saver"}, {"SMART_ROUTING", "no"}})->steering.initial_policy(),
            RoutingPolicy::off);
}

TEST_F(ConfigTest, the_test_clock_is_on_by_its_environment_variable_alone) {
  EXPECT_FALSE(load()->test_clock);
  EXPECT_FALSE(load({{"DISTIQ_TEST_CLOCK", "true"}})->test_clock);
  write(state() / ".env", "DISTIQ_TEST_CLOCK=1\n");
  EXPECT_FALSE(load()->test_clock);
  const auto config = load({{"DISTIQ_TEST_CLOCK", "1"}});
  EXPECT_TRUE(config->test_clock);
  EXPECT_THAT(config->warnings, testing::Contains(HasSubstr("CLOCK")));
}

}  // namespace
}  // namespace distiq
