#include "app/chat/clipboard.h"

#include <chrono>
#include <optional>
#include <vector>

#include "app/child_process.h"
#include "app/claude_code.h"
#include "app/phrase.h"

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
std::optional<std::string> output_of(const std::string& program, const std::vector<std::string>& arguments,
                                     const Environment& environment) {
  auto process = ChildProcess::start(program, arguments, assignments(environment.variables()), ChildStreams::quiet);
  if (!process) return std::nullopt;
  auto output = process->read_all(limit, most_bytes);
  if (!output || process->wait() != 0) return std::nullopt;
  return output;
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
