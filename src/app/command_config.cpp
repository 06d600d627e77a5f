#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/command.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr std::string_view kNotYet = "not in this build";

std::string_view shown_value(const ConfigEntry& entry) {
  if (!entry.in_this_build) return kNotYet;
  return entry.value.empty() ? "-" : std::string_view(entry.value);
}

void print_table(const Config& config, std::ostream& out) {
  std::size_t name_width = 4;
  std::size_t value_width = 5;
  for (const auto& entry : config.entries) {
    name_width = std::max(name_width, entry.name.size());
    value_width = std::max(value_width, shown_value(entry).size());
  }
  const auto line = [&](std::string_view name, std::string_view value, std::string_view source) {
    out << fmt::format("{:<{}}  {:<{}}  {}\n", name, name_width, value, value_width, source);
  };
  line("NAME", "VALUE", "FROM");
  for (const auto& entry : config.entries) line(entry.name, shown_value(entry), entry.source);
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
  return text + '}';
}

void print_json(const Config& config, std::ostream& out) {
  std::string text = R"({"home":)";
  append_json_string(text, config.home.string());
  text += R"(,"settings":[)";
  for (std::size_t i = 0; i < config.entries.size(); ++i) {
    text += i == 0 ? "\n " : ",\n ";
    text += entry_json(config.entries[i]);
  }
  text += "\n],\"warnings\":[";
  for (std::size_t i = 0; i < config.warnings.size(); ++i) {
    if (i != 0) text += ',';
    append_json_string(text, config.warnings[i]);
  }
  out << text << "]}\n";
}

}  // namespace

ExitCode run_config(const Config& config, bool json, const CommandIo& io) {
  if (json) {
    print_json(config, io.out);
  } else {
    print_table(config, io.out);
  }
  return ExitCode::ok;
}

}  // namespace distiq
