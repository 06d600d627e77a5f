// What one run of the user's `claude` CLI is asked, as arguments, environment and standard input. Prompts go by
// standard input only: arguments can be read by every user of the machine. Pure; any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/error.h"
#include "base/secret.h"

namespace distiq {

struct CliRequest {
  std::string model;     // id or alias; empty: the CLI's own choice
  std::string effort;    // low ... max; empty: the model's default
  std::string system;    // empty: the CLI's own prompt, which costs thousands of tokens
  std::string content;   // JSON array of the Messages API's user content blocks: text, images
  std::string schema{};  // JSON schema that the answer must meet: CliResult::structured then; empty: any text
};

// Where the CLI's own requests go.
struct CliDoor {
  std::string base_url;  // "http://127.0.0.1:11434": they are then recorded and steered like Claude Code's; empty: as
                         // the environment says
  Secret token;          // sent as x-distiq-token to `base_url`; empty: none
};

// Without the program's name. `tools`: names separated by commas; empty: none at all. Errors: client_fault for a model
// or an effort that cannot be one.
[[nodiscard]] Result<std::vector<std::string>> cli_arguments(const CliRequest& request, std::string_view tools);

// What the CLI reads: the system prompt, then one user message.
[[nodiscard]] std::string cli_input(const CliRequest& request);

// "NAME=value" of everything the CLI shall see. The user's login and settings stay; what marks a session inside a
// session goes, our own settings too. File mentions ("@/etc/passwd" in a prompt would be read and sent, whatever tools
// are allowed), project memory and background traffic are turned off.
[[nodiscard]] std::vector<std::string> cli_environment(const Environment& user, const CliDoor& door);

}  // namespace distiq
