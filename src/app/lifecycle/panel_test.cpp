#include "app/lifecycle/panel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace distiq {
namespace {

using testing::HasSubstr;
using testing::Not;

Config config_with(std::map<std::string, std::string, std::less<>> variables) {
  variables.emplace("HOME", "/nonexistent");
  ConfigSources sources;
  sources.environment = Environment(std::move(variables));
  auto config = load_config(sources);
  EXPECT_TRUE(config.has_value()) << config.error().client_text;
  return std::move(*config);
}

TEST(Panel, shows_address_upstream_and_the_line_to_paste) {
  const auto text = start_panel(config_with({}), 4711, false);
  EXPECT_THAT(text, HasSubstr("http://127.0.0.1:4711\n"));
  EXPECT_THAT(text, HasSubstr("https://api.anthropic.com\n"));
  EXPECT_THAT(text, HasSubstr("    ANTHROPIC_BASE_URL=http://127.0.0.1:4711 claude\n"));
  EXPECT_TRUE(text.ends_with("\n\n"));
}

TEST(Panel, a_feature_that_is_not_in_the_build_is_never_shown_as_on) {
  const auto text = start_panel(config_with({{"COMPRESSION_ENABLED", "true"}}), 1, false);
  const auto line_of = [&](std::string_view word) {
    const auto at = text.find(word);
    const auto start = text.rfind('\n', at) + 1;
    return text.substr(start, text.find('\n', at) - start);
  };
  EXPECT_THAT(line_of("compression"), HasSubstr("not in this build"));
  EXPECT_THAT(line_of("  on "), Not(HasSubstr("compression")));
}

TEST(Panel, speaks_russian) {
  const auto text = start_panel(config_with({{"LANG", "ru_RU.UTF-8"}}), 1, false);
  EXPECT_THAT(text, HasSubstr("В другом терминале:"));
  EXPECT_THAT(text, Not(HasSubstr("In another terminal")));
}

TEST(Panel, colour_only_adds_escapes) {
  const auto config = config_with({});
  const auto plain = start_panel(config, 1, false);
  auto coloured = start_panel(config, 1, true);
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  EXPECT_THAT(coloured, HasSubstr("\x1b["));
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  EXPECT_EQ(coloured, plain);
}

TEST(Panel, names_the_policy_that_is_in_force) {
  EXPECT_THAT(start_panel(config_with({}), 1, false), HasSubstr("routing (balanced)"));
  EXPECT_THAT(start_panel(config_with({{"ROUTING_POLICY", "saver"}}), 1, false), HasSubstr("routing (saver)"));
  EXPECT_THAT(start_panel(config_with({{"ROUTING_POLICY", "off"}}), 1, false), Not(HasSubstr("routing")));
  EXPECT_THAT(start_panel(config_with({{"SMART_ROUTING", "false"}}), 1, false), Not(HasSubstr("routing")));
}

TEST(Panel, says_where_traces_go_and_nothing_where_they_do_not) {
  const auto text = start_panel(
      config_with({{"OTLP_ENDPOINT", "https://otel.example/otlp"}, {"OTLP_HEADERS", "key=hidden"}}), 1, false);
  EXPECT_THAT(text, HasSubstr("traces to https://otel.example/otlp\n"));
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_THAT(start_panel(config_with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4318"}}), 1, false),
              Not(HasSubstr("traces")));
}

TEST(Panel, a_movable_clock_is_shown_loudly_and_only_then) {
  Config config;
  EXPECT_EQ(start_panel(config, 1, false).find("TEST CLOCK"), std::string::npos);
  config.test_clock = true;
  EXPECT_NE(start_panel(config, 1, false).find("!!!"), std::string::npos);
  EXPECT_NE(start_panel(config, 1, false).find("TEST CLOCK"), std::string::npos);
}

TEST(Panel, secrets_do_not_appear) {
  const auto text = start_panel(
      config_with({{"PROXY_TOKEN", "hidden-token-012345"}, {"HTTPS_PROXY", "http://me:hidden@p:1"}}), 1, false);
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_THAT(text, HasSubstr("ANTHROPIC_CUSTOM_HEADERS='x-distiq-token: ...' claude\n"));
  EXPECT_THAT(text, HasSubstr("through p:1"));
}

TEST(Panel, json_form_is_one_line) {
  const auto text = start_panel(config_with({{"LOG_FORMAT", "json"}}), 7, true);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_THAT(text, HasSubstr("\"event\":\"started\""));
  EXPECT_THAT(text, HasSubstr("\"url\":\"http://127.0.0.1:7\""));
}

TEST(Panel, local_url_is_one_that_a_client_can_use) {
  EXPECT_EQ(local_url(config_with({}), 1), "http://127.0.0.1:1");
  EXPECT_EQ(local_url(config_with({{"PROXY_HOST", "::1"}}), 1), "http://[::1]:1");
  EXPECT_EQ(local_url(config_with({{"PROXY_HOST", "localhost"}}), 1), "http://localhost:1");
  EXPECT_EQ(local_url(config_with({{"PROXY_HOST", "0.0.0.0"}, {"PROXY_TOKEN", "0123456789abcdef"}}), 1),
            "http://127.0.0.1:1");
  EXPECT_EQ(local_url(config_with({{"PROXY_HOST", "::"}, {"PROXY_TOKEN", "0123456789abcdef"}}), 1), "http://[::1]:1");
}

TEST(Panel, every_occupant_of_the_port_has_a_sentence_with_a_way_out) {
  for (const char* language : {"en", "ru"}) {
    const auto config = config_with({{"UI_LANGUAGE", language}});
    EXPECT_THAT(port_in_use_text(config, PortOccupant::ollama), HasSubstr("Ollama"));
    EXPECT_THAT(port_in_use_text(config, PortOccupant::distiq_code), HasSubstr("distiq-code"));
    for (const auto occupant :
         {PortOccupant::nobody, PortOccupant::distiq_code, PortOccupant::ollama, PortOccupant::somebody}) {
      const auto text = port_in_use_text(config, occupant);
      EXPECT_THAT(text, HasSubstr("11434"));
      EXPECT_THAT(text, HasSubstr("--port 11435"));
    }
  }
}

}  // namespace
}  // namespace distiq
