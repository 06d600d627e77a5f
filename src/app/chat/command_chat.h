// `chat`: a conversation in the terminal, over the running proxy with an API key, or over the user's claude CLI.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"

namespace distiq {

struct ChatOptions {
  std::string model;   // id or alias; empty: sonnet, or that of the conversation resumed
  std::string system;  // empty: none
  std::string resume;  // name of a saved conversation; "-": the one saved last; empty: a new one
  bool use_cli = false;
  std::vector<std::string> words;  // the first question; with a pipe the only one
  std::vector<std::string> setting_arguments;
};

// Exit code failed where a question from a pipe was not answered.
[[nodiscard]] ExitCode run_chat(const Config& config, const ChatOptions& options, const CommandIo& io);

}  // namespace distiq
