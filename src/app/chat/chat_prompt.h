// What the user types into `chat`: line editing, history, completion of commands, texts of many lines. One at a time,
// on the main thread; blocks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>

namespace distiq {

class ChatPrompt {
 public:
  // `commands`: what completion offers, of static storage. `paste`: what Ctrl-V does. `interrupted`: set by the handler
  // of Ctrl-C, cleared here.
  ChatPrompt(std::ostream& out, std::atomic<bool>& interrupted, std::span<const char* const> commands,
             std::function<void()> paste);
  ~ChatPrompt();
  ChatPrompt(const ChatPrompt&) = delete;
  ChatPrompt& operator=(const ChatPrompt&) = delete;

  // nullopt: the end. Ctrl-C gives an empty text.
  [[nodiscard]] std::optional<std::string> read_text();

 private:
  class TerminalWithoutQuoting;
  std::optional<std::string> read_line(const char* prompt);

  std::ostream& out_;
  std::atomic<bool>& interrupted_;
  std::unique_ptr<TerminalWithoutQuoting> terminal_;
};

}  // namespace distiq
