#include "app/state_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/file.h"
#include "base/random.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr std::size_t key_bytes = 32;

std::unexpected<Error> unusable(const std::filesystem::path& path, const char* why) {
  return fail(ErrorKind::store_unavailable, path.string() + ": " + why);
}

Result<Secret> read_key(const std::filesystem::path& path) {
  auto stored = read_file(path, 4 * key_bytes);
  if (!stored) return std::unexpected(stored.error());
  if (stored->size() != key_bytes) return unusable(path, "is not a key of 32 bytes; delete it to get a new one");
  return Secret(std::move(*stored));
}

Result<Secret> create_key(const std::filesystem::path& path) {
  std::string key(key_bytes, '\0');
  if (!fill_random(key)) return unusable(path, "no random bytes");
  // Written aside and linked into place: two first starts at once agree on one key, and a half-written one never shows.
  const std::filesystem::path draft = path.string() + "." + std::to_string(getpid());
  unlink(draft.c_str());  // left by a process that had our number and was killed here
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return unusable(path, std::strerror(errno));
  const bool written = write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size());
  close(fd);
  const bool placed = written && (link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
  unlink(draft.c_str());
  Secret::wipe(key);
  if (!placed) return unusable(path, "cannot be written");
  return read_key(path);
}

Result<Secret> load_key(const std::filesystem::path& path) {
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable)) return create_key(path);
  return read_key(path);
}

Result<Secret> as_hex(Result<Secret> key) {
  if (!key) return key;
  return Secret(to_hex(std::as_bytes(std::span(key->reveal()))));
}

}  // namespace

Result<Secret> load_account_key(const std::filesystem::path& home) {
  return load_key(home / "account.key");
}

Result<Secret> load_control_key(const std::filesystem::path& home) {
  return as_hex(load_key(home / "control.key"));
}

Result<Secret> read_control_key(const std::filesystem::path& home) {
  return as_hex(read_key(home / "control.key"));
}

}  // namespace distiq
