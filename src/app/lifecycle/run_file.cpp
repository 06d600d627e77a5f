#include "app/lifecycle/run_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "app/config/config_parse.h"
#include "base/file.h"
#include "base/text.h"
#include "setup/json_outline.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFileBytes = 16384;

fs::path run_folder(const fs::path& home) {
  return home / "run";
}

std::unexpected<Error> unusable(const fs::path& path, int code) {
  auto text = fmt::format("{}: {}", path.string(), std::generic_category().message(code));
  return fail(ErrorKind::store_unavailable, text, text);
}

std::string json_of(const RunningProxy& proxy) {
  const auto text = [](std::string_view value) {
    std::string out;
    append_json_string(out, value);
    return out;
  };
  return fmt::format(
      "{{\"pid\": {}, \"host\": {}, \"port\": {}, \"url\": {}, \"version\": {}, \"started_at_ms\": {}, "
      "\"log_file\": {}}}\n",
      proxy.pid, text(proxy.host), proxy.port, text(proxy.url), text(proxy.version), proxy.started_at_ms,
      text(proxy.log_file));
}

// pid 0: not such a file.
RunningProxy parse(std::string_view json) {
  RunningProxy proxy;
  const auto object = outline_json(json);
  if (!object) return proxy;
  const auto raw = [&](std::string_view key) {
    const auto* member = object->find(key);
    return member == nullptr ? std::string_view() : member->value.of(json);
  };
  const auto text = [&](std::string_view key) { return json_string_value(raw(key)).value_or(""); };
  proxy.host = text("host");
  proxy.url = text("url");
  proxy.version = text("version");
  proxy.log_file = text("log_file");
  proxy.port = static_cast<std::uint16_t>(parse_whole(raw("port"), 1, 65535).value_or(0));
  proxy.started_at_ms = static_cast<std::int64_t>(parse_whole(raw("started_at_ms"), 0, 1ull << 53).value_or(0));
  proxy.pid = static_cast<int>(parse_whole(raw("pid"), 2, 1u << 30).value_or(0));
  return proxy;
}

// Whether somebody holds it: its process lives.
bool is_locked(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool locked = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return locked;
}

bool write_whole(int fd, const std::string& bytes) {
  return ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

Result<int> open_lock(const fs::path& home, const char* name) {
  if (auto made = ensure_private_directory(run_folder(home)); !made) return std::unexpected(made.error());
  const auto path = run_folder(home) / name;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return unusable(path, errno);
  return fd;
}

}  // namespace

Result<RunFile> RunFile::place(const fs::path& home, const RunningProxy& proxy) {
  if (auto made = ensure_private_directory(run_folder(home)); !made) return std::unexpected(made.error());
  const auto path = run_folder(home) / fmt::format("{}.json", proxy.port);
  // Locked before it gets its name: whoever sees it sees it whole and held. An older proxy that still drains keeps its
  // own file, which has no name then.
  const fs::path draft = path.string() + fmt::format(".{}.new", proxy.pid);
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return unusable(draft, errno);
  RunFile file(path, fd);
  const bool ready = ::flock(fd, LOCK_EX | LOCK_NB) == 0 && write_whole(fd, json_of(proxy));
  if (ready && std::rename(draft.c_str(), path.c_str()) == 0) return file;
  const int code = errno;
  ::unlink(draft.c_str());
  return unusable(path, code);
}

RunFile::RunFile(RunFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

void RunFile::remove() {
  if (fd_ < 0) return;
  struct stat ours{}, named{};
  const bool same = ::fstat(fd_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
                    ours.st_dev == named.st_dev;
  if (same) ::unlink(path_.c_str());
  ::close(std::exchange(fd_, -1));
}

std::vector<RunningProxy> running_proxies(const fs::path& home) {
  std::vector<RunningProxy> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run_folder(home), ignored)) {
    if (entry.path().extension() != ".json") continue;
    const auto text = read_file(entry.path(), kMaxFileBytes);
    if (!is_locked(entry.path())) {
      fs::remove(entry.path(), ignored);
      continue;
    }
    auto proxy = text ? parse(*text) : RunningProxy{};
    if (proxy.pid > 0) found.push_back(std::move(proxy));
  }
  std::ranges::sort(found, {}, &RunningProxy::port);
  return found;
}

bool wait_for_end(int pid, std::chrono::milliseconds limit) {
#ifdef SYS_pidfd_open
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0 && errno == ESRCH) return true;
  if (fd >= 0) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    const bool ended = ::poll(&entry, 1, static_cast<int>(limit.count())) > 0;
    ::close(fd);
    return ended;
  }
#endif
  constexpr std::chrono::milliseconds step{20};
  for (auto waited = step; ::kill(pid, 0) == 0 || errno != ESRCH; waited += step) {
    if (waited > limit) return false;
    (void)::poll(nullptr, 0, static_cast<int>(step.count()));
  }
  return true;
}

Result<UserLock> UserLock::share(const fs::path& home) {
  const auto fd = open_lock(home, "users.lock");
  if (!fd) return std::unexpected(fd.error());
  if (::flock(*fd, LOCK_SH) != 0) return unusable(home, errno);
  return UserLock(*fd);
}

Result<UserLock> UserLock::watch(const fs::path& home) {
  const auto fd = open_lock(home, "users.lock");
  if (!fd) return std::unexpected(fd.error());
  return UserLock(*fd);
}

void UserLock::keep_over_exec() const {
  ::fcntl(fd_, F_SETFD, 0);
}

bool UserLock::is_unused() const {
  return ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
}

void UserLock::release() const {
  ::flock(fd_, LOCK_UN);
}

Result<void> wait_for_turn_to_start(const fs::path& home) {
  const auto fd = open_lock(home, "start.lock");
  if (!fd) return std::unexpected(fd.error());
  if (::flock(*fd, LOCK_EX) != 0) return unusable(home, errno);
  return {};
}

}  // namespace distiq
