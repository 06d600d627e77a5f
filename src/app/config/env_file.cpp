#include "app/config/env_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/config/config_parse.h"
#include "base/text.h"

namespace distiq {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_rest_of_line(std::string_view rest) {
  rest = trim(rest, white_space);
  return rest.empty() || rest.front() == '#';
}

std::optional<std::string> unquote_double(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') return is_rest_of_line(text.substr(i + 1)) ? std::optional(value) : std::nullopt;
    if (c != '\\') {
      value += c;
      continue;
    }
    if (++i >= text.size()) return std::nullopt;
    switch (text[i]) {
      case 'n':
        value += '\n';
        break;
      case 't':
        value += '\t';
        break;
      case '"':
      case '\\':
      case '$':
        value += text[i];
        break;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<std::string> unquote_single(std::string_view text) {
  const auto close = text.find('\'', 1);
  if (close == std::string_view::npos || !is_rest_of_line(text.substr(close + 1))) return std::nullopt;
  return std::string(text.substr(1, close - 1));
}

std::optional<std::string> parse_value(std::string_view text) {
  if (text.starts_with('"')) return unquote_double(text);
  if (text.starts_with('\'')) return unquote_single(text);
  if (text.starts_with('#')) return std::string();
  const auto comment = std::min(text.find(" #"), text.find("\t#"));
  return std::string(trim(text.substr(0, comment), white_space));
}

std::unexpected<Error> line_error(int line, std::string_view what) {
  auto text = fmt::format("line {} {}", line, what);
  return fail(ErrorKind::bad_config, text, text);
}

}  // namespace

Result<std::vector<FileSetting>> parse_env_file(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<FileSetting> settings;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = trim(text.substr(0, end), white_space);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.find('\0') != std::string_view::npos) return line_error(number, "holds a NUL byte");
    if (line.starts_with("export ")) line = trim(line.substr(7), white_space);

    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return line_error(number, "is not NAME=value");
    const auto name = trim(line.substr(0, equals), white_space);
    if (!is_name(name)) return line_error(number, "does not begin with a name");
    auto value = parse_value(trim(line.substr(equals + 1), white_space));
    if (!value) return line_error(number, "has a quoted value that does not end well");
    settings.push_back({std::string(name), std::move(*value), number});
  }
  return settings;
}

}  // namespace distiq
