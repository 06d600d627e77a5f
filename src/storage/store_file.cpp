#include "storage/store_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace distiq {
namespace {

constexpr mode_t owner_only_file = 0600;
constexpr mode_t owner_only_folder = 0700;
constexpr int lock_attempts = 5;  // a millisecond each

DbError from_errno(int code, const std::string& what) {
  const std::string text = std::error_code(code, std::generic_category()).message();
  const DbFault fault = code == ENOSPC || code == EDQUOT ? DbFault::full : DbFault::unwritable;
  return {fault, fmt::format("{}: {}", what, text)};
}

DbResult<void> make_folders(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  struct stat found{};
  if (::stat(folder.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return std::unexpected(from_errno(ENOTDIR, folder.string()));
  }
  if (folder.has_parent_path() && folder.parent_path() != folder) {
    if (auto made = make_folders(folder.parent_path()); !made) return made;
  }
  if (::mkdir(folder.c_str(), owner_only_folder) == 0 || errno == EEXIST) return {};
  return std::unexpected(from_errno(errno, folder.string()));
}

}  // namespace

DbResult<void> prepare_store_file(const std::string& path) {
  if (auto made = make_folders(std::filesystem::path(path).parent_path()); !made) return made;
  // O_EXCL: closing a descriptor of an existing database would drop the locks that SQLite holds on it in this process.
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, owner_only_file);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  if (errno != EEXIST) return std::unexpected(from_errno(errno, path));
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::unexpected(from_errno(errno, path));
  if ((found.st_mode & 0077) == 0) return {};
  if (::chmod(path.c_str(), found.st_mode & 0700) != 0) return std::unexpected(from_errno(errno, path));
  return {};
}

DbResult<std::string> move_store_aside(const std::string& path, std::int64_t now_ms) {
  std::string aside = fmt::format("{}.damaged-{}", path, now_ms);
  for (int attempt = 2; identify_file(aside) != FileIdentity{}; ++attempt) {
    aside = fmt::format("{}.damaged-{}-{}", path, now_ms, attempt);
  }
  // A missing file is fine: another process of ours may have moved it first.
  if (std::rename(path.c_str(), aside.c_str()) != 0 && errno != ENOENT) return std::unexpected(from_errno(errno, path));
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string companion = path + suffix;
    // A new database must never meet the old one's log.
    if (std::rename(companion.c_str(), (aside + suffix).c_str()) != 0 && errno != ENOENT) {
      return std::unexpected(from_errno(errno, companion));
    }
  }
  return aside;
}

FileIdentity identify_file(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino)};
}

WriterLock WriterLock::acquire(const std::string& store_path) {
  WriterLock lock;
  const std::string path = store_path + ".lock";
  lock.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only_file);
  if (lock.fd_ < 0) return lock;
  // If neither can be had, somebody holds it alone: who starts now or, for an instant, who asks is_held.
  for (int attempt = 0; attempt < lock_attempts; ++attempt) {
    lock.alone_ = ::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0;
    if (lock.alone_ || ::flock(lock.fd_, LOCK_SH | LOCK_NB) == 0) break;
    ::poll(nullptr, 0, 1);
  }
  return lock;
}

bool WriterLock::is_held(const std::string& store_path) {
  const int fd = ::open((store_path + ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno != ENOENT;  // no writer has ever been here; or it is not ours to know
  const bool held = ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return held;
}

void WriterLock::share() {
  if (fd_ >= 0) ::flock(fd_, LOCK_SH | LOCK_NB);
  alone_ = false;
}

WriterLock::WriterLock(WriterLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), alone_(std::exchange(other.alone_, false)) {}

WriterLock& WriterLock::operator=(WriterLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(alone_, other.alone_);
  return *this;
}

WriterLock::~WriterLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace distiq
