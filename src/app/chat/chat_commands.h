// The slash commands of `chat` and the conversation that they act on. Blocks; one thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/chat/chat_screen.h"
#include "app/command.h"
#include "base/units.h"
#include "chat/conversation.h"
#include "money/price_table.h"

namespace distiq {

struct ChatState {
  Conversation talk;
  std::vector<std::string> images;  // of the next question
  std::uint64_t answers = 0;
  PicoUsd cost, saved;
};

class ChatCommands {
 public:
  // All of them outlive this object.
  ChatCommands(const Config& config, const CommandIo& io, const ChatScreen& screen, const PriceTable& prices,
               ChatState& state)
      : io_(io), screen_(screen), prices_(prices), state_(state), folder_(config.home / "chats") {}

  // With their slash.
  [[nodiscard]] static std::span<const char* const> names();

  // What ends the conversation: it is the caller's to do.
  [[nodiscard]] static bool ends(const ChatCommand& command) {
    return command.name == "quit" || command.name == "exit";
  }
  void run(const ChatCommand& command);
  // Puts the picture in the clipboard into the next question.
  void paste();

  // False: it was said why.
  [[nodiscard]] bool set_model(const std::string& name);
  [[nodiscard]] bool load(const std::string& name);
  // The conversation saved last; empty: none.
  [[nodiscard]] std::string newest() const;

 private:
  void add_image(std::string_view bytes, std::string_view name);
  [[nodiscard]] std::vector<std::filesystem::path> saved() const;
  void list() const;
  void save(std::string name) const;

  const CommandIo& io_;
  const ChatScreen& screen_;
  const PriceTable& prices_;
  ChatState& state_;
  const std::filesystem::path folder_;
};

}  // namespace distiq
