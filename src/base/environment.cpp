#include "base/environment.h"

#include <pwd.h>
#include <unistd.h>

extern char** environ;

namespace distiq {

std::vector<std::string> assignments(const Variables& variables) {
  std::vector<std::string> list;
  list.reserve(variables.size());
  for (const auto& [name, value] : variables) list.push_back(name + "=" + value);
  return list;
}

Environment Environment::of_process() {
  Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    result.variables_.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  if (result.home().empty()) {
    const passwd* user = ::getpwuid(::getuid());
    if (user != nullptr && user->pw_dir != nullptr) result.variables_["HOME"] = user->pw_dir;
  }
  return result;
}

std::optional<std::string_view> Environment::find(std::string_view name) const {
  const auto it = variables_.find(name);
  if (it == variables_.end()) return std::nullopt;
  return it->second;
}

std::filesystem::path Environment::home() const {
  return std::filesystem::path(find("HOME").value_or(""));
}

}  // namespace distiq
