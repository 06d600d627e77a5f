#include "app/chat/chat_prompt.h"

#include <editline/readline.h>
#include <termios.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace distiq {
namespace {

constexpr std::string_view three_quotes = "\"\"\"";

// libedit calls plain functions.
std::span<const char* const>& command_names() {
  static std::span<const char* const> names;
  return names;
}
std::function<void()>& paste_now() {
  static std::function<void()> paste;
  return paste;
}

char* next_command(const char* text, int state) {
  static std::size_t at = 0;
  if (state == 0) at = 0;
  while (at < command_names().size()) {
    const char* name = command_names()[at++];
    if (std::string_view(name).starts_with(text)) return strdup(name);
  }
  return nullptr;
}

char** complete(const char* text, int start, int) {
  if (start != 0 || text[0] != '/') return nullptr;
  return rl_completion_matches(text, next_command);
}

// Ctrl-V: what is said about the picture stands above the line, which goes on as it was.
int wants_paste(int, int) {
  paste_now()();
  rl_forced_update_display();
  return 0;
}

}  // namespace

// The terminal itself takes Ctrl-V, for the next key as it is. Here it means the clipboard.
class ChatPrompt::TerminalWithoutQuoting {
 public:
  TerminalWithoutQuoting() {
    known_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios without = before_;
    without.c_cc[VLNEXT] = _POSIX_VDISABLE;
    if (known_) tcsetattr(STDIN_FILENO, TCSANOW, &without);
  }
  TerminalWithoutQuoting(const TerminalWithoutQuoting&) = delete;
  TerminalWithoutQuoting& operator=(const TerminalWithoutQuoting&) = delete;
  ~TerminalWithoutQuoting() {
    if (known_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

 private:
  termios before_{};
  bool known_ = false;
};

ChatPrompt::ChatPrompt(std::ostream& out, std::atomic<bool>& interrupted, std::span<const char* const> commands,
                       std::function<void()> paste)
    : out_(out), interrupted_(interrupted), terminal_(std::make_unique<TerminalWithoutQuoting>()) {
  // The editor reads characters, not bytes, as the locale says; where it says nothing, UTF-8.
  if (setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
  command_names() = commands;
  paste_now() = std::move(paste);
  rl_initialize();
  rl_attempted_completion_function = complete;
  rl_add_defun("distiq-paste", wants_paste, 'V' & 0x1F);
  using_history();
  stifle_history(500);
}

ChatPrompt::~ChatPrompt() = default;

std::optional<std::string> ChatPrompt::read_text() {
  std::string text;
  bool quoted = false;
  bool goes_on = false;
  while (true) {
    auto typed = read_line(quoted || goes_on ? "… " : "› ");
    if (!typed) {
      if (interrupted_.exchange(false)) {
        out_ << std::endl;
        return "";
      }
      return quoted ? std::optional(text) : std::nullopt;
    }
    if (quoted) {
      const auto end = typed->find(three_quotes);
      text += typed->substr(0, end);
      if (end != std::string::npos) break;
      text += '\n';
      continue;
    }
    if (!goes_on && typed->starts_with(three_quotes)) {
      text = typed->substr(three_quotes.size());
      const auto end = text.find(three_quotes);
      if (end != std::string::npos) {
        text.resize(end);
        break;
      }
      if (!text.empty()) text += '\n';
      quoted = true;
      continue;
    }
    goes_on = typed->ends_with('\\');
    text += goes_on ? typed->substr(0, typed->size() - 1) + '\n' : *typed;
    if (!goes_on) break;
  }
  if (!text.empty()) add_history(text.c_str());
  return text;
}

std::optional<std::string> ChatPrompt::read_line(const char* prompt) {
  interrupted_ = false;
  out_.flush();
  const std::unique_ptr<char, void (*)(void*)> typed(readline(prompt), std::free);
  if (typed == nullptr) return std::nullopt;
  return std::string(typed.get());
}

}  // namespace distiq
