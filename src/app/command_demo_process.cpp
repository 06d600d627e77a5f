#include "app/command_demo_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace distiq {
namespace {

std::vector<char*> c_strings(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int output) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  ::dup2(output, STDOUT_FILENO);
  ::execve(program, arguments, environment);
  ::_exit(127);
}

std::unexpected<Error> start_error(const std::filesystem::path& program, std::string_view what) {
  auto text = fmt::format("{} cannot be started: {}.", program.string(), what);
  return fail(ErrorKind::bad_config, text, text);
}

}  // namespace

Result<DemoProcess> DemoProcess::start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                       const std::vector<std::string>& environment) {
  if (::access(program.c_str(), X_OK) != 0) return start_error(program, std::generic_category().message(errno));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return start_error(program, std::generic_category().message(errno));
  std::vector<std::string> all{program.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto variables = environment;
  const auto argument_pointers = c_strings(all);
  const auto variable_pointers = c_strings(variables);

  const int pid = ::fork();
  if (pid == 0) become(all[0].c_str(), argument_pointers.data(), variable_pointers.data(), ends[1]);
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return start_error(program, std::generic_category().message(errno));
  }
  return DemoProcess(pid, ends[0]);
}

DemoProcess::DemoProcess(DemoProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      buffer_(std::move(other.buffer_)) {}

DemoProcess::~DemoProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
}

std::optional<std::string> DemoProcess::read_line(std::chrono::milliseconds limit) {
  while (true) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      auto line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd entry{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
    std::array<char, 4096> block;
    const auto count = ::read(output_, block.data(), block.size());
    if (count <= 0) return std::nullopt;
    buffer_.append(block.data(), static_cast<std::size_t>(count));
  }
}

int DemoProcess::wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int DemoProcess::stop(std::chrono::milliseconds limit, std::vector<std::string>& rest) {
  ::kill(pid_, SIGTERM);
  // Its stdout closes when it ends, so that reading to the end is waiting for it.
  while (auto line = read_line(limit)) rest.push_back(std::move(*line));
  pollfd entry{.fd = output_, .events = POLLIN, .revents = 0};
  const bool ended = ::poll(&entry, 1, 0) > 0;
  if (!ended) ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
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
