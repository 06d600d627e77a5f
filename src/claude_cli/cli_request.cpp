#include "claude_cli/cli_request.h"

#include <algorithm>
#include <array>

#include "base/effort.h"
#include "base/text.h"

namespace distiq {
namespace {

// Markers of a session that is already running, and what would lead the CLI somewhere else than the door.
constexpr std::array<std::string_view, 12> removed = {
    "CLAUDECODE",           "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_AGENT_ID", "CLAUDE_CODE_REMOTE",     "CLAUDE_PID",           "CLAUDE_PROJECT_DIR",
    "ANTHROPIC_MODEL",      "CLAUDE_CODE_EXTRA_BODY", "PROXY_TOKEN",          "NODE_OPTIONS",
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> fixed = {{
    {"CLAUDE_CODE_DISABLE_ATTACHMENTS", "1"},
    {"CLAUDE_CODE_DISABLE_FILE_MENTIONS", "1"},
    {"CLAUDE_CODE_DISABLE_CLAUDE_MDS", "1"},
    {"CLAUDE_CODE_DISABLE_AUTO_MEMORY", "1"},
    {"CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"},
    {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"},
    {"CLAUDE_CODE_DISABLE_TERMINAL_TITLE", "1"},
    {"DISABLE_AUTOUPDATER", "1"},
}};

bool is_model_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:@/[]").find(c) != std::string_view::npos;
  };
  return !name.starts_with('-') && name.size() <= 128 && std::ranges::all_of(name, is_allowed);
}

}  // namespace

Result<std::vector<std::string>> cli_arguments(const CliRequest& request, std::string_view tools) {
  if (!is_model_name(request.model)) return fail(ErrorKind::client_fault, "model name", "This is not a model's name.");
  if (!request.effort.empty() && !is_effort_level(request.effort)) {
    return fail(ErrorKind::client_fault, "effort", "The effort must be low, medium, high, xhigh or max.");
  }
  std::vector<std::string> arguments = {"--print",
                                        "--input-format=stream-json",
                                        "--output-format=stream-json",
                                        "--verbose",
                                        "--include-partial-messages",
                                        "--no-session-persistence",
                                        "--strict-mcp-config",
                                        "--disable-slash-commands",
                                        "--setting-sources=",
                                        "--tools=" + std::string(tools)};
  if (!tools.empty()) arguments.push_back("--allowedTools=" + std::string(tools));
  if (!request.model.empty()) arguments.push_back("--model=" + request.model);
  if (!request.effort.empty()) arguments.push_back("--effort=" + request.effort);
  return arguments;
}

std::string cli_input(const CliRequest& request) {
  std::string input;
  if (!request.system.empty() || !request.schema.empty()) {
    input += R"({"type":"control_request","request_id":"1","request":{"subtype":"initialize")";
    if (!request.system.empty()) {
      input += R"(,"systemPrompt":)";
      append_json_string(input, request.system);
    }
    // What --json-schema would say to every user of the machine.
    if (!request.schema.empty()) input.append(R"(,"jsonSchema":)").append(request.schema);
    input += "}}\n";
  }
  input += R"({"type":"user","message":{"role":"user","content":)";
  input += request.content;
  input += "}}\n";
  return input;
}

std::vector<std::string> cli_environment(const Environment& user, const CliDoor& door) {
  Variables variables = user.variables();
  std::erase_if(variables, [](const auto& variable) { return variable.first.starts_with("DISTIQ_"); });
  for (const std::string_view name : removed) variables.erase(std::string(name));
  for (const auto& [name, value] : fixed) variables.insert_or_assign(std::string(name), std::string(value));
  if (!door.base_url.empty()) {
    variables.insert_or_assign("ANTHROPIC_BASE_URL", door.base_url);
    variables.insert_or_assign("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1");
    auto& fields = variables["ANTHROPIC_CUSTOM_HEADERS"];
    if (!door.token.empty()) {
      fields.append(fields.empty() ? "" : "\n").append("x-distiq-token: ").append(door.token.reveal());
    }
    if (fields.empty()) variables.erase("ANTHROPIC_CUSTOM_HEADERS");
    // A corporate proxy cannot reach our loopback address.
    for (const char* name : {"NO_PROXY", "no_proxy"}) {
      auto& hosts = variables[name];
      hosts += hosts.empty() ? "127.0.0.1,localhost" : ",127.0.0.1,localhost";
    }
  }
  return assignments(variables);
}

}  // namespace distiq
