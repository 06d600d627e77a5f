// Shell completion and the manual page, written from the tree of commands, so that neither can lag behind it. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace distiq {

struct OptionSummary {
  std::string name;  // "--port"
  std::string description;
  std::string value_name;           // "PORT"; "" for a flag
  std::vector<std::string> values;  // all there are; empty: any
  bool is_file = false;
};

struct CommandSummary {
  std::string name;
  std::string description;
  std::vector<OptionSummary> options;
  std::string argument;  // its one argument as a usage line has it: "[POLICY]"; empty: none
  std::string argument_description;
  std::vector<std::string> values;  // of that argument; empty: any
  bool runs_a_program = false;      // what follows -- is another program's command line
};

using CommandTree = std::vector<CommandSummary>;

enum class CompletionForm { bash, zsh, fish, man };
[[nodiscard]] std::optional<CompletionForm> completion_form_from(std::string_view name);

[[nodiscard]] std::string format_completion(CompletionForm form, const CommandTree& tree);

}  // namespace distiq
