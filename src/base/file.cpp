#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace distiq {
namespace {

std::unexpected<Error> file_error(const std::filesystem::path& path, std::string_view what) {
  auto text = fmt::format("{}: {}", path.string(), what);
  return fail(ErrorKind::bad_config, text, text);
}

std::unexpected<Error> errno_error(const std::filesystem::path& path, int code) {
  return file_error(path, std::generic_category().message(code));
}

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// Where a chain of symbolic links ends, there or not yet.
std::filesystem::path link_target(std::filesystem::path path) {
  constexpr int max_links = 40;  // as the kernel
  std::error_code ignored;
  for (int i = 0; i < max_links && std::filesystem::is_symlink(path, ignored); ++i) {
    const auto next = std::filesystem::read_symlink(path, ignored);
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(fd) == 0;
}

// So that the new name survives a crash as well; a file system that cannot do it has done what it can.
void sync_folder(const std::filesystem::path& folder) {
  const OpenFile file(folder.empty() ? std::filesystem::path(".") : folder);
  if (file.fd() >= 0) (void)::fsync(file.fd());
}

Result<void> make_private(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return errno_error(path, errno);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return errno_error(path, errno);
  if (!S_ISDIR(info.st_mode)) return file_error(path, "is not a folder");
  if (info.st_uid != ::geteuid()) return file_error(path, "belongs to another user");
  if ((info.st_mode & 0077) != 0 && ::chmod(path.c_str(), 0700) != 0) return errno_error(path, errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const OpenFile file(path);
  if (file.fd() < 0) return errno_error(path, errno);
  struct stat info{};
  if (::fstat(file.fd(), &info) != 0) return errno_error(path, errno);
  if (!S_ISREG(info.st_mode)) return file_error(path, "is not a regular file");

  std::string bytes;
  char block[16384];
  while (true) {
    const auto count = ::read(file.fd(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(path, errno);
    if (count == 0) return bytes;
    bytes.append(block, static_cast<std::size_t>(count));
    if (bytes.size() > max_bytes) return file_error(path, fmt::format("is larger than {} bytes", max_bytes));
  }
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, unsigned new_mode) {
  const auto target = link_target(path);
  struct stat old{};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) return file_error(path, "is not a regular file");
  const std::filesystem::path draft = target.string() + fmt::format(".{}.new", ::getpid());
  ::unlink(draft.c_str());  // left by a process that had our number and was killed here
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno_error(path, errno);
  if (exists && (old.st_uid != ::geteuid() || old.st_gid != ::getegid())) {
    (void)!::fchown(fd, old.st_uid, old.st_gid);  // not ours to give where we are not root
  }
  const mode_t mode = exists ? old.st_mode & 07777 : static_cast<mode_t>(new_mode);
  const bool written = write_all(fd, bytes) && ::fchmod(fd, mode) == 0;
  int code = errno;
  ::close(fd);
  if (written && ::rename(draft.c_str(), target.c_str()) == 0) {
    sync_folder(target.parent_path());
    return {};
  }
  if (written) code = errno;
  ::unlink(draft.c_str());
  return errno_error(path, code);
}

Result<void> ensure_private_directory(const std::filesystem::path& path) {
  if (path.empty()) return fail(ErrorKind::bad_config, "empty folder name", "The state folder has no name.");
  std::error_code ignored;
  const auto parent = path.parent_path();
  if (!parent.empty() && parent != path && !std::filesystem::exists(parent, ignored)) {
    if (auto made = ensure_private_directory(parent); !made) return made;
  }
  return make_private(path);
}

}  // namespace distiq
