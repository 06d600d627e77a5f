// The process environment as a value, so that tests can pass their own. The only place that asks for it.
// Any thread once constructed; of_process() before other threads start.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

using Variables = std::map<std::string, std::string, std::less<>>;

// "NAME=value" each, as a program to be started gets them.
[[nodiscard]] std::vector<std::string> assignments(const Variables& variables);

class Environment {
 public:
  Environment() = default;
  explicit Environment(Variables variables) : variables_(std::move(variables)) {}

  // A copy of what the process was started with. Adds HOME from the user database when it is missing.
  [[nodiscard]] static Environment of_process();

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] const Variables& variables() const { return variables_; }
  // $HOME; empty if there is none.
  [[nodiscard]] std::filesystem::path home() const;

 private:
  Variables variables_;
};

}  // namespace distiq
