// What can be seen of the Claude Code on this machine from outside: where it is, its version, where its settings lie,
// and whether somebody has signed in. Credentials are never read, only looked for by name.
#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"

namespace distiq {

struct ClaudeVersion {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const ClaudeVersion&) const = default;
  [[nodiscard]] std::string text() const;
};

struct ClaudeCode {
  std::filesystem::path program;
  std::optional<ClaudeVersion> version;  // empty: it did not say within five seconds
};

// "2.1.330 (Claude Code)" -> 2.1.330
[[nodiscard]] std::optional<ClaudeVersion> claude_version_from(std::string_view text);

// An executable file of that name in PATH, or at that path if `name` holds a slash. Empty entries of PATH are skipped.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view name, const Environment& environment);

// `name` in PATH or as a path; `claude` also where its installer puts it.
[[nodiscard]] std::optional<std::filesystem::path> find_claude_program(std::string_view name,
                                                                       const Environment& environment);

// `claude` in PATH or where its installer puts it. Runs it once with --version; blocks for at most five seconds.
[[nodiscard]] std::optional<ClaudeCode> find_claude_code(const Environment& environment);

// CLAUDE_CONFIG_DIR or ~/.claude.
[[nodiscard]] std::filesystem::path claude_folder(const Environment& environment);

// Names of what a login leaves behind: "ANTHROPIC_API_KEY", ".credentials.json", ... Empty: nothing visible, as on
// macOS, where the key chain holds it.
[[nodiscard]] std::vector<std::string> visible_logins(const Environment& environment);

}  // namespace distiq
