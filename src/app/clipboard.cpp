#include "app/clipboard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <vector>

#include "app/claude_code.h"
#include "app/phrase.h"
#include "base/clock.h"

namespace distiq {
namespace {

constexpr std::size_t most_bytes = 16u << 20;
constexpr std::chrono::seconds limit{10};

constexpr Phrase no_program = {
    "No program here can read the clipboard: install wl-clipboard (Wayland) or xclip (X11), pngpaste on macOS.",
    "Здесь нет программы, читающей буфер обмена: установите wl-clipboard (Wayland) или xclip (X11), на macOS "
    "pngpaste."};
constexpr Phrase no_screen = {"There is no desktop to take a picture from: neither WAYLAND_DISPLAY nor DISPLAY is set.",
                              "Нет рабочего стола, откуда взять картинку: не заданы ни WAYLAND_DISPLAY, ни DISPLAY."};
constexpr Phrase no_picture = {"There is no picture in the clipboard.", "В буфере обмена нет картинки."};

// What the program writes to its standard output; nullopt: it failed.
std::optional<std::string> output_of(const std::string& program, std::vector<std::string> arguments,
                                     const Environment& environment) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  std::vector<std::string> variables = assignments(environment.variables());
  arguments.insert(arguments.begin(), program);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (auto& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
  };
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, program.c_str(), &actions, nullptr, pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  if (failed != 0) {
    close(pipe_ends[0]);
    return std::nullopt;
  }
  std::string output;
  std::array<char, 16 * 1024> block;
  const MonotonicTime end = system_clock().monotonic() + limit;
  bool whole = false;
  while (output.size() <= most_bytes && system_clock().monotonic() < end) {
    pollfd entry{.fd = pipe_ends[0], .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, 100) <= 0) continue;
    const ssize_t count = read(pipe_ends[0], block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    whole = count == 0;
    if (count <= 0) break;
    output.append(block.data(), static_cast<std::size_t>(count));
  }
  close(pipe_ends[0]);
  if (!whole) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const bool good = whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return good ? std::optional(std::move(output)) : std::nullopt;
}

struct Reader {
  const char* program;
  std::vector<std::string> arguments;
  const char* needs;  // a variable; empty: none
};

}  // namespace

Result<std::string> clipboard_picture(const Environment& environment, Language language) {
  const Reader readers[] = {
      {"wl-paste", {"--type", "image/png"}, "WAYLAND_DISPLAY"},
      {"xclip", {"-selection", "clipboard", "-target", "image/png", "-out"}, "DISPLAY"},
      {"pngpaste", {"-"}, ""},
  };
  bool any_program = false;
  bool any_screen = false;
  for (const Reader& reader : readers) {
    const auto program = find_program(reader.program, environment);
    const bool screen = *reader.needs == '\0' || !environment.find(reader.needs).value_or("").empty();
    any_program = any_program || program.has_value();
    any_screen = any_screen || (screen && *reader.needs != '\0');
    if (!program || !screen) continue;
    if (auto picture = output_of(program->string(), reader.arguments, environment); picture && !picture->empty()) {
      return *std::move(picture);
    }
    return fail(ErrorKind::client_fault, "clipboard: no picture", no_picture.in(language));
  }
  const Phrase& why = any_program && !any_screen ? no_screen : no_program;
  return fail(ErrorKind::client_fault, "clipboard: cannot be read", why.in(language));
}

}  // namespace distiq
