#include "app/config/config_toml.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <optional>

namespace distiq {
namespace {

std::unexpected<Error> line_error(toml::source_position at, std::string_view what) {
  auto text = fmt::format("line {} {}", at.line, what);
  return fail(ErrorKind::bad_config, text, text);
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> value_text(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) return scalar_text(node);
  std::string joined;
  for (const auto& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += text->get();
  }
  return joined;
}

}  // namespace

Result<std::vector<FileSetting>> parse_config_toml(std::string_view text) try {
  const toml::table table = toml::parse(text);
  std::vector<FileSetting> settings;
  for (const auto& [key, node] : table) {
    const auto at = node.source().begin;
    auto value = value_text(node);
    if (!value) return line_error(at, "holds neither a text, a number, true, false nor a list of texts");
    settings.push_back({std::string(key.str()), std::move(*value), static_cast<int>(at.line)});
  }
  std::ranges::sort(settings, {}, &FileSetting::line);
  return settings;
} catch (const toml::parse_error& error) {
  // The parser's own text quotes the file, which may hold a token.
  return line_error(error.source().begin, "is not valid TOML");
}

}  // namespace distiq
