// The few file operations that need care: bounded reads and private folders. Blocks; any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace distiq {

// Whole file. Fails with bad_config if it cannot be read, is not a regular file (a pipe would block) or is larger than
// `max_bytes`.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Makes sure that `path` is a folder that only this user can enter (0700). A missing one, and missing parents, are
// created with that mode at once, so there is no moment at which others could enter. An existing one that is ours is
// tightened to 0700; one that belongs to somebody else is refused (bad_config).
[[nodiscard]] Result<void> ensure_private_directory(const std::filesystem::path& path);

}  // namespace distiq
