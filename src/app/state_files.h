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

}  // namespace distiq
