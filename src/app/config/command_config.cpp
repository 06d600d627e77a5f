#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/command.h"
#include "app/phrase.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr Phrase kNotYet = {"not in this build", "нет в этой сборке"};
constexpr Phrase kName = {"NAME", "ИМЯ"};
constexpr Phrase kValue = {"VALUE", "ЗНАЧЕНИЕ"};
constexpr Phrase kFrom = {"FROM", "ОТКУДА"};

std::string_view shown_value(const ConfigEntry& entry, Language language) {
  if (!entry.problem.empty()) return entry.value.empty() ? "?" : std::string_view(entry.value);
  if (!entry.in_this_build) return kNotYet.in(language);
  return entry.value.empty() ? "-" : std::string_view(entry.value);
}

// In characters: names are ASCII, words may be Cyrillic.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(std::string_view text, std::size_t columns) {
  return std::string(text) + std::string(columns - std::min(columns, width(text)), ' ');
}

void print_table(const Config& config, std::ostream& out) {
  const Language language = config.language;
  std::size_t name_width = width(kName.in(language));
  std::size_t value_width = width(kValue.in(language));
  for (const auto& entry : config.entries) {
    name_width = std::max(name_width, width(entry.name));
    value_width = std::max(value_width, width(shown_value(entry, language)));
  }
  const auto line = [&](std::string_view name, std::string_view value, std::string_view source) {
    out << fmt::format("{}  {}  {}\n", padded(name, name_width), padded(value, value_width), source);
  };
  line(kName.in(language), kValue.in(language), kFrom.in(language));
  for (const auto& entry : config.entries) {
    line(entry.name, shown_value(entry, language), entry.source);
    if (!entry.problem.empty()) out << fmt::format("  ! {}\n", entry.problem);
  }
}

void append_member(std::string& text, std::string_view name, std::string_view value) {
  text += ',';
  append_json_string(text, name);
  text += ':';
  append_json_string(text, value);
}

std::string entry_json(const ConfigEntry& entry) {
  std::string text = R"({"name":)";
  append_json_string(text, entry.name);
  append_member(text, "value", entry.value);
  append_member(text, "origin", to_string(entry.origin));
  append_member(text, "source", entry.source);
  text += fmt::format(R"(,"in_this_build":{})", entry.in_this_build);
  if (!entry.problem.empty()) append_member(text, "problem", entry.problem);
  return text + '}';
}

void append_list(std::string& text, std::string_view name, const std::vector<std::string>& sentences) {
  text += ",\"" + std::string(name) + "\":[";
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (i != 0) text += ',';
    append_json_string(text, sentences[i]);
  }
  text += ']';
}

void print_json(const Config& config, std::ostream& out) {
  std::string text = R"({"home":)";
  append_json_string(text, config.home.string());
  text += R"(,"settings":[)";
  for (std::size_t i = 0; i < config.entries.size(); ++i) {
    text += i == 0 ? "\n " : ",\n ";
    text += entry_json(config.entries[i]);
  }
  text += "\n]";
  append_list(text, "problems", config.problems);
  append_list(text, "warnings", config.warnings);
  out << text << "}\n";
}

}  // namespace

ExitCode run_config(const Config& config, bool json, const CommandIo& io) {
  if (json) {
    print_json(config, io.out);
  } else {
    print_table(config, io.out);
  }
  for (const auto& problem : config.problems) say_error(io, problem);
  return config.problems.empty() ? ExitCode::ok : ExitCode::bad_config;
}

}  // namespace distiq
