#include "app/lifecycle/panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/config/config_parse.h"
#include "base/text.h"
#include "base/tone.h"
#include "base/version.h"

namespace distiq {
namespace {

struct Words {
  std::string_view listening, upstream, by_proxy, on, core, traces, token, not_yet, paste, stop, test_clock;
};

constexpr Words kEnglish{
    .listening = "listening",
    .upstream = "upstream",
    .by_proxy = "through",
    .on = "on",
    .core = "pass-through, metering, statistics",
    .traces = "traces to",
    .token = "asks for x-distiq-token",
    .not_yet = "not in this build",
    .paste = "In another terminal:",
    .stop = "Ctrl-C ends it. One line per finished request follows.",
    .test_clock = "TEST CLOCK: the time of this proxy can be moved (DISTIQ_TEST_CLOCK=1)",
};
constexpr Words kRussian{
    .listening = "адрес",
    .upstream = "апстрим",
    .by_proxy = "через",
    .on = "включено",
    .core = "сквозная передача, учёт, статистика",
    .traces = "трассы в",
    .token = "нужен x-distiq-token",
    .not_yet = "нет в сборке",
    .paste = "В другом терминале:",
    .stop = "Ctrl-C завершает работу. Дальше — по строке на каждый завершённый запрос.",
    .test_clock = "ТЕСТОВЫЕ ЧАСЫ: время этого прокси можно переводить (DISTIQ_TEST_CLOCK=1)",
};

struct Feature {
  std::string_view setting, english, russian;
};
constexpr Feature kFeatures[] = {
    {"SMART_ROUTING", "routing", "маршрутизация"},
    {"ML_ROUTING_ENABLED", "judge by embeddings", "оценка по эмбеддингам"},
    {"CACHE_ENABLED", "response cache", "кэш ответов"},
    {"PROMPT_CACHING_ENABLED", "prompt caching", "кэширование промптов"},
    {"COMPRESSION_ENABLED", "compression", "сжатие"},
    {"OPENAI_ENDPOINT", "OpenAI endpoint", "OpenAI API"},
};

const Words& words(const Config& config) {
  return config.language == Language::russian ? kRussian : kEnglish;
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// Switches that are in this build and on, or not in it at all. What is off by choice stands in neither list.
std::string features(const Config& config, bool in_this_build) {
  std::string list;
  for (const auto& feature : kFeatures) {
    const auto* entry = config.find(feature.setting);
    if (entry == nullptr || entry->in_this_build != in_this_build) continue;
    if (in_this_build && parse_bool(entry->value) != true) continue;
    const bool is_routing = feature.setting == "SMART_ROUTING";
    const RoutingPolicy policy = config.steering.initial_policy();
    if (is_routing && policy == RoutingPolicy::off) continue;
    if (!list.empty()) list += ", ";
    list += config.language == Language::russian ? feature.russian : feature.english;
    if (is_routing) list += fmt::format(" ({})", to_string(policy));
  }
  return list;
}

std::string row(std::string_view name, std::string_view value, bool colour) {
  const std::string padding(std::max<std::size_t>(18, width(name) + 1) - width(name), ' ');
  return fmt::format("  {}{}{}\n", toned(name, Tone::dim, colour), padding, value);
}

std::string json_panel(const Config& config, std::uint16_t port) {
  std::string out = R"({"event":"started","version":)";
  append_json_string(out, version());
  out += R"(,"url":)";
  append_json_string(out, local_url(config, port));
  out += fmt::format(R"(,"port":{},"upstream":)", port);
  append_json_string(out, config.upstream.origin());
  return out + "}\n";
}

}  // namespace

std::string start_panel(const Config& config, std::uint16_t port, bool colour) {
  if (config.log_format == LogFormat::json) return json_panel(config, port);
  const auto& say = words(config);
  const auto url = local_url(config, port);
  auto address = config.listen.is_loopback() ? url : fmt::format("{} ({})", url, config.listen.host);
  if (!config.listen.token.empty()) address += fmt::format(", {}", say.token);
  auto upstream = config.upstream.origin();
  if (const auto* proxy = config.proxy_for_upstream()) {
    upstream += fmt::format(" {} {}:{}", say.by_proxy, proxy->host, proxy->port);
  }
  std::string out = fmt::format("\n  {} {}\n\n", toned("distiq-code", Tone::strong, colour), version());
  out += row(say.listening, address, colour);
  out += row(say.upstream, upstream, colour);
  auto on = std::string(say.core);
  if (const auto more = features(config, true); !more.empty()) on += ", " + more;
  if (config.tracing.collector) on += fmt::format(", {} {}", say.traces, config.tracing.collector->origin());
  out += row(say.on, on, colour);
  if (const auto missing = features(config, false); !missing.empty()) out += row(say.not_yet, missing, colour);
  if (config.test_clock) out += row("!!!", toned(say.test_clock, Tone::bad, colour), colour);
  const std::string_view token = config.listen.token.empty() ? "" : " ANTHROPIC_CUSTOM_HEADERS='x-distiq-token: ...'";
  const std::string command = fmt::format("ANTHROPIC_BASE_URL={}{} claude", url, token);
  out += fmt::format("\n  {}\n    {}\n\n  {}\n\n", say.paste, toned(command, Tone::command, colour), say.stop);
  return out;
}

std::string port_in_use_text(const Config& config, PortOccupant occupant) {
  const bool russian = config.language == Language::russian;
  const auto port = config.listen.port;
  const auto other = port == 65535 ? 11435 : port + 1;
  switch (occupant) {
    case PortOccupant::distiq_code:
      return russian ? fmt::format(
                           "distiq-code уже работает на порту {}. Пользуйтесь им, остановите его или выберите другой "
                           "порт: distiq-code start --port {}.",
                           port, other)
                     : fmt::format(
                           "distiq-code is already running on port {}. Use that one, stop it, or take another port: "
                           "distiq-code start --port {}.",
                           port, other);
    case PortOccupant::ollama:
      return russian
                 ? fmt::format("Порт {} занят Ollama. Выберите другой порт: distiq-code start --port {}.", port, other)
                 : fmt::format("Port {} is in use by Ollama. Take another port: distiq-code start --port {}.", port,
                               other);
    case PortOccupant::nobody:
    case PortOccupant::somebody:
      break;
  }
  return russian ? fmt::format(
                       "Порт {} занят другой программой. Остановите её или выберите другой порт: distiq-code start "
                       "--port {}.",
                       port, other)
                 : fmt::format(
                       "Port {} is in use by another program. Stop it, or take another port: distiq-code start "
                       "--port {}.",
                       port, other);
}

}  // namespace distiq
