// The few file operations that need care: bounded reads, whole replacements and private folders. Blocks; any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace distiq {

// Whole file. Fails with bad_config if it cannot be read, is not a regular file (a pipe would block) or is larger than
// `max_bytes`.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Makes sure that `path` is a folder that only this user can enter (0700). A missing one, and missing parents, are
// created with that mode at once, so there is no moment at which others could enter. An existing one that is ours is
// tightened to 0700; one that belongs to somebody else is refused (bad_config).
[[nodiscard]] Result<void> ensure_private_directory(const std::filesystem::path& path);

// Puts `bytes` in the place of a file, or makes it: written aside, synced, renamed, so that every reader sees the old
// file or the new one, also after a crash. A symbolic link is followed; mode (else `new_mode`), and owner where we may,
// are kept. Fails with bad_config and leaves the file as it was. The folder must exist.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, unsigned new_mode);

}  // namespace distiq
