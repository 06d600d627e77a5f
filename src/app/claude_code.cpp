#include "app/claude_code.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "app/child_process.h"
#include "app/config/config_parse.h"

namespace distiq {
namespace {

constexpr std::chrono::seconds kVersionLimit{5};
constexpr std::size_t kMaxPathEntries = 1000;

bool is_program(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::optional<ClaudeVersion> ask_version(const std::filesystem::path& program, const Environment& environment) {
  auto process = ChildProcess::start(program, {"--version"}, assignments(environment.variables()));
  if (!process) return std::nullopt;
  const auto line = process->read_line(kVersionLimit);
  return line ? claude_version_from(*line) : std::nullopt;
}

}  // namespace

std::string ClaudeVersion::text() const {
  return fmt::format("{}.{}.{}", major, minor, patch);
}

std::optional<ClaudeVersion> claude_version_from(std::string_view text) {
  int parts[3];
  for (int& part : parts) {
    const auto size = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_whole(text.substr(0, size), 0, 1'000'000);
    if (!number) return std::nullopt;
    part = static_cast<int>(*number);
    text.remove_prefix(size);
    const bool last = &part == &parts[2];
    if (!last && !text.starts_with('.')) return std::nullopt;
    if (!last) text.remove_prefix(1);
  }
  return ClaudeVersion{parts[0], parts[1], parts[2]};
}

std::optional<std::filesystem::path> find_program(std::string_view name, const Environment& environment) {
  if (name.find('/') != std::string_view::npos) {
    if (!is_program(name)) return std::nullopt;
    return std::filesystem::path(name);
  }
  std::string_view list = environment.find("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (std::size_t i = 0; i < kMaxPathEntries && !list.empty(); ++i) {
    const auto end = std::min(list.find(':'), list.size());
    const std::filesystem::path folder(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (folder.is_absolute() && is_program(folder / name)) return folder / name;
  }
  return std::nullopt;
}

std::optional<std::filesystem::path> find_claude_program(std::string_view name, const Environment& environment) {
  auto program = find_program(name, environment);
  const auto home = environment.home();
  if (name != "claude" || home.empty()) return program;
  for (const char* place : {".local/bin/claude", ".claude/local/claude"}) {
    if (!program && is_program(home / place)) program = home / place;
  }
  return program;
}

std::optional<ClaudeCode> find_claude_code(const Environment& environment) {
  const auto program = find_claude_program("claude", environment);
  if (!program) return std::nullopt;
  return ClaudeCode{*program, ask_version(*program, environment)};
}

std::filesystem::path claude_folder(const Environment& environment) {
  const auto named = environment.find("CLAUDE_CONFIG_DIR").value_or("");
  if (!named.empty()) return std::filesystem::path(named);
  return environment.home() / ".claude";
}

std::vector<std::string> visible_logins(const Environment& environment) {
  std::vector<std::string> logins;
  for (const char* name : {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"}) {
    if (!environment.find(name).value_or("").empty()) logins.emplace_back(name);
  }
  std::error_code ignored;
  const auto file = claude_folder(environment) / ".credentials.json";
  if (std::filesystem::exists(file, ignored)) logins.push_back(file.filename().string());
  return logins;
}

}  // namespace distiq
