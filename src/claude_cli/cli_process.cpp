#include "claude_cli/cli_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace distiq {
namespace {

class Pair {
 public:
  Pair() = default;
  ~Pair() {
    close_end(0);
    close_end(1);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  bool open_pipe() { return ::pipe(ends_.data()) == 0 && close_on_exec(); }
  bool open_sockets() { return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) == 0 && close_on_exec(); }
  [[nodiscard]] int end(int which) const { return ends_.at(static_cast<std::size_t>(which)); }
  int release(int which) { return std::exchange(ends_.at(static_cast<std::size_t>(which)), -1); }

 private:
  bool close_on_exec() {
    return ::fcntl(ends_[0], F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(ends_[1], F_SETFD, FD_CLOEXEC) == 0;
  }
  void close_end(int which) {
    if (const int fd = release(which); fd >= 0) ::close(fd);
  }

  std::array<int, 2> ends_ = {-1, -1};
};

// posix_spawn's two option blocks, freed with the scope. Every call's first failure is kept.
class SpawnOptions {
 public:
  SpawnOptions()
      : made_actions_(::posix_spawn_file_actions_init(&actions_) == 0),
        made_(::posix_spawnattr_init(&attributes_) == 0) {}
  ~SpawnOptions() {
    if (made_actions_) ::posix_spawn_file_actions_destroy(&actions_);
    if (made_) ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;

  void connect(int from, int to) { note(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  void run_in(const std::filesystem::path& folder) {
    note(::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()));
  }
  // Sockets of clients and upstream must not stay open in the child.
  void close_the_rest() {
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#ifdef __APPLE__
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#else
    note(::posix_spawn_file_actions_addclosefrom_np(&actions_, 3));
#endif
    sigset_t none;
    sigset_t ignored_by_us;
    ::sigemptyset(&none);
    ::sigemptyset(&ignored_by_us);
    ::sigaddset(&ignored_by_us, SIGPIPE);
    ::sigaddset(&ignored_by_us, SIGXFSZ);
    note(::posix_spawnattr_setsigmask(&attributes_, &none));
    note(::posix_spawnattr_setsigdefault(&attributes_, &ignored_by_us));
    note(::posix_spawnattr_setpgroup(&attributes_, 0));
    note(::posix_spawnattr_setflags(&attributes_, flags));
  }
  [[nodiscard]] int failure() const { return made_actions_ && made_ ? failure_ : ENOMEM; }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  void note(int result) {
    if (failure_ == 0) failure_ = result;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  bool made_actions_;
  bool made_;
  int failure_ = 0;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::unexpected<Error> not_started(int error) {
  return fail(ErrorKind::upstream_unreachable, std::string("the claude CLI cannot be started: ") + std::strerror(error),
              "The claude CLI could not be started.");
}

}  // namespace

Result<CliProcess> start_process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment, const std::filesystem::path& folder) {
  Pair input;
  Pair output;
  Pair errors;
  if (!input.open_sockets() || !output.open_pipe() || !errors.open_pipe()) return not_started(errno);
  SpawnOptions options;
  options.connect(input.end(1), STDIN_FILENO);
  options.connect(output.end(1), STDOUT_FILENO);
  options.connect(errors.end(1), STDERR_FILENO);
  options.run_in(folder);
  options.close_the_rest();
  if (options.failure() != 0) return not_started(options.failure());

  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment;
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, program.c_str(), options.actions(), options.attributes(),
                                   pointers(words).data(), pointers(variables).data());
  if (failed != 0) return not_started(failed);
  return CliProcess{pid, input.release(0), output.release(0), errors.release(0)};
}

}  // namespace distiq
