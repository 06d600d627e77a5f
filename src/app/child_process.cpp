#include "app/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/clock.h"

namespace distiq {
namespace {

// Of a program that is told to end: what says more does not listen.
constexpr std::size_t most_rest = 1u << 20;

std::vector<char*> c_strings(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int output,
                         ChildStreams streams) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  ::dup2(output, STDOUT_FILENO);
  if (streams == ChildStreams::quiet) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(nothing, STDERR_FILENO);
  }
  ::execve(program, arguments, environment);
  ::_exit(127);
}

// The exit code, once it has ended; -1 if a signal ended it.
int wait_for(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::chrono::milliseconds time_until(MonotonicTime end) {
  return std::chrono::ceil<std::chrono::milliseconds>(end - system_clock().monotonic());
}

// Whether it does. True where the system cannot tell in time.
bool ends_by([[maybe_unused]] int pid, [[maybe_unused]] MonotonicTime end) {
#ifdef __linux__
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return true;
  pollfd entry{.fd = handle, .events = POLLIN, .revents = 0};
  int ready = -1;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(time_until(end).count(), 0)));
  } while (ready < 0 && errno == EINTR);
  ::close(handle);
  return ready > 0;
#else
  return true;
#endif
}

std::unexpected<Error> start_error(const std::filesystem::path& program, std::string_view what) {
  auto text = fmt::format("{} cannot be started: {}.", program.string(), what);
  return fail(ErrorKind::bad_config, text, text);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::filesystem::path& program,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& environment, ChildStreams streams) {
  if (::access(program.c_str(), X_OK) != 0) return start_error(program, std::generic_category().message(errno));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return start_error(program, std::generic_category().message(errno));
  std::vector<std::string> all{program.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto variables = environment;
  const auto argument_pointers = c_strings(all);
  const auto variable_pointers = c_strings(variables);

  const int pid = ::fork();
  if (pid == 0) become(all[0].c_str(), argument_pointers.data(), variable_pointers.data(), ends[1], streams);
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return start_error(program, std::generic_category().message(errno));
  }
  return ChildProcess(pid, ends[0]);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      buffer_(std::move(other.buffer_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  if (output_ >= 0) ::close(output_);
}

std::optional<std::string> ChildProcess::take_line() {
  const auto end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

std::optional<std::string> ChildProcess::read_line(std::chrono::milliseconds limit) {
  const MonotonicTime end = system_clock().monotonic() + limit;
  auto line = take_line();
  for (; !line && limit.count() >= 0; limit = time_until(end)) {
    if (read_some(limit).value_or(0) == 0) break;
    line = take_line();
  }
  return line;
}

std::optional<std::string> ChildProcess::read_all(std::chrono::milliseconds limit, std::size_t most) {
  const MonotonicTime end = system_clock().monotonic() + limit;
  while (buffer_.size() <= most && limit.count() > 0) {
    const auto count = read_some(limit);
    if (!count) return std::nullopt;
    if (*count == 0) return std::exchange(buffer_, {});
    limit = time_until(end);
  }
  return std::nullopt;
}

std::optional<std::size_t> ChildProcess::read_some(std::chrono::milliseconds limit) {
  const MonotonicTime end = system_clock().monotonic() + limit;
  for (; limit.count() >= 0; limit = time_until(end)) {
    pollfd entry{.fd = output_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(limit.count()));
    if (ready == 0) return std::nullopt;
    std::array<char, 16 * 1024> block;
    const ssize_t count = ready < 0 ? -1 : ::read(output_, block.data(), block.size());
    if (count >= 0) {
      buffer_.append(block.data(), static_cast<std::size_t>(count));
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) return std::nullopt;
  }
  return std::nullopt;
}

int ChildProcess::wait() {
  return wait_for(std::exchange(pid_, -1));
}

int ChildProcess::stop(std::chrono::milliseconds limit, std::vector<std::string>& rest) {
  const MonotonicTime end = system_clock().monotonic() + limit;
  ::kill(pid_, SIGTERM);
  // Its stdout closes when it ends, so that reading to the end is waiting for it.
  bool closed = false;
  for (; !closed && limit.count() >= 0 && buffer_.size() <= most_rest; limit = time_until(end)) {
    const auto count = read_some(limit);
    if (!count) break;
    closed = *count == 0;
  }
  while (auto line = take_line()) rest.push_back(std::move(*line));
  if (!closed || !ends_by(pid_, end)) ::kill(pid_, SIGKILL);
  return wait();
}

std::filesystem::path own_program() {
#ifdef __APPLE__
  std::uint32_t size = 0;
  _NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  if (_NSGetExecutablePath(path.data(), &size) != 0) return {};
  return path.c_str();
#else
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
#endif
}

std::filesystem::path own_folder() {
  return own_program().parent_path();
}

}  // namespace distiq
