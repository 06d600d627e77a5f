#include "app/lifecycle/command_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <system_error>

#include "app/claude_code.h"
#include "app/lifecycle/proxy_in_use.h"
#include "app/phrase.h"
#include "app/setup/command_setup.h"
#include "base/text.h"
#include "setup/json_outline.h"
#include "setup/setup_files.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

constexpr auto kNoProgram = static_cast<ExitCode>(127);
const JsonPath kBaseUrl{"env", "ANTHROPIC_BASE_URL"};

constexpr Phrase no_claude = {
    "Claude Code was not found in PATH. Install it with: npm install -g @anthropic-ai/claude-code",
    "Claude Code не найден в PATH. Установка: npm install -g @anthropic-ai/claude-code"};
constexpr Phrase no_program = {"{}: there is no such program in PATH.", "{}: такой программы в PATH нет."};
constexpr Phrase own_settings = {
    "warning: {} sets ANTHROPIC_BASE_URL={}, and you give --settings yourself: Claude Code will go there, past this "
    "proxy.",
    "внимание: {} задаёт ANTHROPIC_BASE_URL={}, и вы сами передаёте --settings: Claude Code пойдёт туда, мимо прокси."};

struct ForeignSetting {
  fs::path file;
  std::string url;
};

// The file whose ANTHROPIC_BASE_URL Claude Code would take instead of ours: its settings are stronger than its
// environment (measured with 2.1.330), the project's stronger than the user's.
std::optional<ForeignSetting> stronger_setting(const Environment& environment, const std::string& url) {
  std::error_code ignored;
  const auto project = fs::current_path(ignored) / ".claude";
  for (const auto& file :
       {project / "settings.local.json", project / "settings.json", claude_folder(environment) / "settings.json"}) {
    const auto text = read_settings_text(file);
    if (!text || !*text) continue;
    const auto raw = find_json(**text, kBaseUrl);
    if (!raw || !*raw) continue;
    const auto found = json_string_value(**raw).value_or("");
    if (found == url) return std::nullopt;
    return ForeignSetting{file, found};
  }
  return std::nullopt;
}

class Run {
 public:
  Run(const Config& config, const RunOptions& options, const CommandIo& io)
      : config_(config), options_(options), io_(io) {}

  ExitCode run() {
    const auto program = find();
    if (!program) return kNoProgram;
    ExitCode code = ExitCode::bad_config;
    auto proxy = ProxyInUse::find_or_start(config_, options_.setting_arguments, io_, code);
    if (!proxy) return refuse(proxy.error(), code);
    return become(*program, proxy->url, proxy->users);
  }

 private:
  [[nodiscard]] std::optional<fs::path> find() const {
    const auto& name = options_.command.front();
    if (auto program = find_program(name, io_.environment)) return program;
    if (name == "claude") {
      if (auto claude = find_claude_code(io_.environment)) return claude->program;
      say_error(io_, no_claude.in(config_.language));
    } else {
      say_error(io_, say(config_.language, no_program, printable(name)));
    }
    return std::nullopt;
  }

  [[nodiscard]] ExitCode refuse(const Error& error, ExitCode code) const {
    if (!error.client_text.empty()) say_error(io_, error.client_text);
    return code;
  }

  ExitCode become(const fs::path& program, const std::string& url, const UserLock& users) {
    Variables variables = io_.environment.variables();
    for (auto& [name, value] : program_environment(config_, url, io_.environment)) variables[name] = std::move(value);
    std::vector<std::string> environment = assignments(variables);
    std::vector<std::string> arguments = options_.command;
    insist_on_our_address(program, url, arguments);
    users.keep_over_exec();
    io_.out.flush();
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> list;
      for (auto& text : texts) list.push_back(text.data());
      list.push_back(nullptr);
      return list;
    };
    ::execve(program.c_str(), pointers(arguments).data(), pointers(environment).data());
    say_error(io_, fmt::format("{}: {}", program.string(), std::generic_category().message(errno)));
    return static_cast<ExitCode>(126);  // as shells do
  }

  void insist_on_our_address(const fs::path& program, const std::string& url, std::vector<std::string>& arguments) {
    if (program.filename() != "claude") return;
    const auto foreign = stronger_setting(io_.environment, url);
    if (!foreign) return;
    const bool given = std::ranges::any_of(arguments, [](const std::string& argument) {
      return argument == "--settings" || argument.starts_with("--settings=");
    });
    if (given) {
      say_error(io_, say(config_.language, own_settings, foreign->file.string(), printable(foreign->url)));
      return;
    }
    std::string json = R"({"env":{"ANTHROPIC_BASE_URL":)";
    append_json_string(json, url);
    arguments.insert(arguments.begin() + 1, {"--settings", json + "}}"});
  }

  const Config& config_;
  const RunOptions& options_;
  const CommandIo& io_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> program_environment(const Config& config, const std::string& url,
                                                                     const Environment& environment) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const auto& wanted : wanted_settings(url, std::nullopt, "")) {
    if (wanted.path.parent != "env") continue;
    const bool given = !environment.find(wanted.path.key).value_or("").empty();
    if (!given || wanted.replaces_foreign) {
      variables.emplace_back(wanted.path.key, json_string_value(wanted.raw).value_or(""));
    }
  }
  if (!config.listen.token.empty()) {
    auto headers = std::string(environment.find("ANTHROPIC_CUSTOM_HEADERS").value_or(""));
    if (!headers.empty()) headers += '\n';
    variables.emplace_back("ANTHROPIC_CUSTOM_HEADERS",
                           headers.append("x-distiq-token: ").append(config.listen.token.reveal()));
  }
  return variables;
}

ExitCode run_run(const Config& config, const RunOptions& options, const CommandIo& io) {
  return Run(config, options, io).run();
}

}  // namespace distiq
