// What lies in the state folder (~/.distiq-code or DISTIQ_HOME, 0700) and under which name.
// Any thread.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "base/secret.h"

namespace distiq {

[[nodiscard]] inline std::filesystem::path store_path(const std::filesystem::path& home) {
  return home / "stats.db";
}

// The key under which account hashes are made: 32 random bytes in home/account.key (0600), created on first use, so
// that an account keeps its hash over restarts and nobody can test guesses against the store alone. Blocks.
// Errors: store_unavailable.
[[nodiscard]] Result<Secret> load_account_key(const std::filesystem::path& home);

// What a command to the running proxy must bring as x-distiq-control: 64 hex digits from home/control.key (0600), so
// that no web page and no other user of the machine can switch it. load_ creates the file on first use; read_ does not.
// Errors: store_unavailable.
[[nodiscard]] Result<Secret> load_control_key(const std::filesystem::path& home);
[[nodiscard]] Result<Secret> read_control_key(const std::filesystem::path& home);

}  // namespace distiq
