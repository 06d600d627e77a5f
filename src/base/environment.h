// The process environment as a value, so that tests can pass their own. The only place that asks for it.
// Any thread once constructed; of_process() before other threads start.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace distiq {

class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string, std::less<>> variables) : variables_(std::move(variables)) {}

  // A copy of what the process was started with. Adds HOME from the user database when it is missing.
  [[nodiscard]] static Environment of_process();

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& variables() const { return variables_; }
  // $HOME; empty if there is none.
  [[nodiscard]] std::filesystem::path home() const;

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

}  // namespace distiq
