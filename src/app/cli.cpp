#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <optional>
#include <ostream>

#include "app/chat/command_chat.h"
#include "app/completion.h"
#include "app/config/config_parse.h"
#include "app/config/config_settings.h"
#include "app/config/config_texts.h"
#include "app/lifecycle/command_run.h"
#include "app/setup/command_setup.h"
#include "base/text.h"

namespace distiq {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong setting, 4 port in use.\n"
    "Settings: docs/configuration.md; `distiq-code config` shows each one and where it came from.";

// Settings given on the command line; every command that reads settings takes them.
struct SettingOptions {
  std::optional<std::string> env_file, config_file, language;
  std::vector<std::string> assignments;
  std::optional<std::string> host, port, upstream, log_level, log_format;
  bool debug = false;
};

void add_setting_options(CLI::App& command, SettingOptions& options) {
  command.add_option("--env-file", options.env_file, "NAME=value file instead of ~/.distiq-code/.env")
      ->type_name("FILE");
  command.add_option("--config", options.config_file, "TOML file instead of ~/.distiq-code/config.toml")
      ->type_name("FILE");
  command.add_option("--set", options.assignments, "One setting; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("--lang", options.language, "Language: en or ru")->type_name("LANG");
}

void add_start_options(CLI::App& command, SettingOptions& options) {
  command.add_option("--host", options.host, "PROXY_HOST, the address to listen on")->type_name("ADDRESS");
  command.add_option("--port", options.port, "PROXY_PORT, 0 being any free one")->type_name("PORT");
  command.add_option("--upstream", options.upstream, "ANTHROPIC_API_BASE")->type_name("URL");
  command.add_option("--log-level", options.log_level, "LOG_LEVEL")->type_name("LEVEL");
  command.add_option("--log-format", options.log_format, "LOG_FORMAT, text or json")->type_name("FORMAT");
  command.add_flag("--debug", options.debug, "DEBUG=true");
}

// The name of the setting, or why the assignment cannot be used.
Result<std::string> check_assignment(std::string_view name, Language language) {
  const auto* spec = find_setting(name);
  if (spec == nullptr && name.starts_with("DISTIQ_")) spec = find_setting(name.substr(7));
  if (spec == nullptr)
    return fail(ErrorKind::bad_config, "--set",
                say(language, config_text::no_such_setting, printable(name), suggestion(name, language)));
  if (spec->show != SettingSpec::Show::as_given) {
    auto text = say(language, config_text::secret_on_command_line, spec->name);
    return fail(ErrorKind::bad_config, "--set", std::move(text));
  }
  return std::string(spec->name);
}

Result<ConfigSources> sources_of(const SettingOptions& options, const Environment& environment) {
  ConfigSources sources;
  sources.environment = environment;
  if (options.env_file) sources.env_file = *options.env_file;
  if (options.config_file) sources.config_file = *options.config_file;
  for (const auto& text : options.assignments) {
    const auto equals = std::min(text.find('='), text.size());
    auto name = check_assignment(std::string_view(text).substr(0, equals), locale_language(environment));
    if (!name) return std::unexpected(name.error());
    sources.command_line.emplace_back(*name, equals == text.size() ? "" : text.substr(equals + 1));
  }
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) sources.command_line.emplace_back(name, *value);
  };
  add("PROXY_HOST", options.host);
  add("PROXY_PORT", options.port);
  add("ANTHROPIC_API_BASE", options.upstream);
  add("LOG_LEVEL", options.log_level);
  add("LOG_FORMAT", options.log_format);
  add("UI_LANGUAGE", options.language);
  if (options.debug) sources.command_line.emplace_back("DEBUG", "true");
  return sources;
}

// The same options for another process of ours.
std::vector<std::string> as_arguments(const SettingOptions& options) {
  std::vector<std::string> arguments;
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) arguments.insert(arguments.end(), {name, *value});
  };
  add("--env-file", options.env_file);
  add("--config", options.config_file);
  add("--lang", options.language);
  for (const auto& assignment : options.assignments) arguments.insert(arguments.end(), {"--set", assignment});
  return arguments;
}

using Loader = Result<Config> (*)(const ConfigSources&);

Result<Config> load(const SettingOptions& options, const CommandIo& io, Loader loader) {
  const auto sources = sources_of(options, io.environment);
  return sources ? loader(*sources) : Result<Config>(std::unexpected(sources.error()));
}

// Loads the settings and hands them on; says what is wrong with them otherwise.
ExitCode with_config(const SettingOptions& options, const CommandIo& io,
                     const std::function<ExitCode(const Config&)>& command, Loader loader = load_config) {
  const auto config = load(options, io, loader);
  if (!config) {
    say_error(io, config.error().client_text);
    return ExitCode::bad_config;
  }
  for (const auto& warning : config->warnings) say_error(io, warning_text(config->language, warning));
  return command(*config);
}

// What CLI11 knows of one option; "{a,b}" is how it describes a list of allowed values.
OptionSummary summary_of(const CLI::Option& option) {
  OptionSummary summary{.name = option.get_lnames().empty() ? "" : "--" + option.get_lnames().front(),
                        .description = option.get_description(),
                        .value_name = option.get_items_expected_max() == 0 ? "" : option.get_type_name(),
                        .values = {},
                        .is_file = false};
  const auto brace = summary.value_name.find(":{");
  if (brace != std::string::npos && summary.value_name.ends_with('}')) {
    summary.values =
        parse_list(std::string_view(summary.value_name).substr(brace + 2, summary.value_name.size() - brace - 3));
    summary.value_name.resize(brace);
  }
  summary.is_file = summary.value_name == "FILE";
  return summary;
}

// As a usage line has it: "TIER", "[ID]", "-- COMMAND...".
std::string argument_text(const CLI::Option& option, const OptionSummary& summary, bool runs_a_program) {
  // "TEXT" is what CLI11 calls a value without a name of its own.
  std::string name = summary.value_name == "TEXT" ? option.get_name(/*positional=*/true) : summary.value_name;
  if (option.get_items_expected_max() > 1) name += "...";
  if (runs_a_program) return "-- " + name;
  return option.get_required() ? name : "[" + name + "]";
}

CommandTree tree_of(const CLI::App& app) {
  CommandTree tree;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandSummary summary{.name = command->get_name(),
                           .description = command->get_description(),
                           .options = {},
                           .argument = {},
                           .argument_description = {},
                           .values = {},
                           .runs_a_program = command->get_name() == "run"};
    for (const auto* option : command->get_options()) {
      auto each = summary_of(*option);
      if (option->get_group().empty() || each.name == "--help") continue;
      if (each.name.empty()) {
        summary.argument = argument_text(*option, each, summary.runs_a_program);
        summary.argument_description = std::move(each.description);
        summary.values = std::move(each.values);
      } else {
        summary.options.push_back(std::move(each));
      }
    }
    tree.push_back(std::move(summary));
  }
  return tree;
}

class CommandLine {
 public:
  explicit CommandLine(const CommandIo& io) : io_(io) {
    app_.require_subcommand(1);
    app_.footer(kExitCodes);
    app_.set_version_flag("-V,--version", [this] {
      (void)run_version(false, io_);
      return std::string();
    });
    add_commands();
  }

  int run(std::span<const std::string> arguments) {
    if (arguments.empty()) {
      io_.out << app_.help();
      return static_cast<int>(ExitCode::usage);
    }
    if (!arguments[0].starts_with('-') && !has_command(arguments[0])) {
      say_error(io_, fmt::format("There is no command {}. See distiq-code --help.", printable(arguments[0])));
      return static_cast<int>(ExitCode::usage);
    }
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // what CLI11's parse takes
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::CallForVersion&) {
      return static_cast<int>(ExitCode::ok);
    } catch (const CLI::ExtrasError&) {  // its own text names them backwards
      return unexpected_arguments();
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error, io_.out, io_.err);
      return static_cast<int>(code == 0 ? ExitCode::ok : ExitCode::usage);
    }
    return static_cast<int>(command_());
  }

 private:
  void add_commands() {
    auto& start = add("start", "Run the proxy until Ctrl-C");
    add_setting_options(start, settings_);
    add_start_options(start, settings_);
    start.add_flag("--background", start_.background, "Return as soon as requests are answered; see stop, status");
    start.add_flag("--until-unused", start_.until_unused)->group("");  // for `run`
    start.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_, [this](const Config& config) { return run_start(config, start_, io_); });
      };
    });

    auto& stop = add("stop", "Stop the proxy; running streams may finish");
    add_setting_options(stop, settings_);
    stop.add_option("--port", stop_.port, "The proxy on that port; left out: all of the state folder")
        ->check(CLI::Range(1, 65535))
        ->type_name("PORT");
    stop.add_flag("--now", stop_.now, "Cut running streams");
    stop.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_, [this](const Config& config) { return run_stop(config, stop_, io_); });
      };
    });

    auto& status = add("status", "Whether the proxy runs, and where");
    add_setting_options(status, settings_);
    status.add_flag("--json", json_, "For scripts");
    status.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_, [this](const Config& config) { return run_status(config, json_, io_); });
      };
    });

    auto& stats = add("stats", "What requests cost");
    add_setting_options(stats, settings_);
    stats.add_option("--period", stats_.period, "day, week, month or all")
        ->check(CLI::IsMember({"day", "week", "month", "all"}))
        ->type_name("PERIOD");
    auto* json = stats.add_flag("--json", stats_.json, "For scripts");
    auto* csv = stats.add_flag("--csv", stats_.csv, "By day, model and kind of work, for spreadsheets")->excludes(json);
    auto* live =
        stats.add_flag("--live", stats_.live, "Refreshed each second; q ends it")->excludes(json)->excludes(csv);
    auto* cache = stats.add_flag("--cache", stats_.cache, "How the prompt cache fares, and what broke it");
    auto* proof = stats.add_flag("--proof", stats_.proof, "Measured saving: sessions left alone beside treated ones");
    auto* verify =
        stats.add_flag("--verify", stats_.verify, "Recompute everything from the raw rows; exit code 1 if they differ");
    auto* erase = stats.add_flag("--erase", stats_.erase, "Forget everything recorded")->excludes(json);
    const std::array views = {csv, live, cache, proof, verify, erase};
    for (std::size_t i = 0; i < views.size(); ++i) {
      for (std::size_t other = 0; other < i; ++other) views[i]->excludes(views[other]);
    }
    stats.add_flag("--yes", stats_.yes, "Erase without asking")->needs(erase);
    stats.callback([this] {
      command_ = [this] {
        return with_config(
            settings_, io_, [this](const Config& config) { return run_stats(config, stats_, io_); },
            load_config_leniently);
      };
    });

    auto& config = add("config", "Every setting, its value and where it came from");
    add_setting_options(config, settings_);
    add_start_options(config, settings_);
    config.add_flag("--json", json_, "For scripts");
    config.callback([this] {
      command_ = [this] {
        return with_config(
            settings_, io_, [this](const Config& loaded) { return run_config(loaded, json_, io_); },
            load_config_leniently);
      };
    });

    auto& version = add("version", "Which build this is and what is in it");
    version.add_flag("--json", json_, "For scripts");
    version.callback([this] { command_ = [this] { return run_version(json_, io_); }; });

    auto& demo = add("demo", "Proxy and API simulator on this machine, with recorded sessions; needs no account");
    demo.add_option("--simulator", demo_.simulator, "anthropic-sim, if it does not lie beside this program")
        ->type_name("FILE");
    demo.add_flag("--json", demo_.json, "Closing statistics as JSON");
    demo.callback([this] { command_ = [this] { return run_demo(demo_, io_); }; });

    add_setup();
    add_steering();
    add_run();
    add_chat();
    add_doctor();
    add_completion();

    auto& statusline = add("statusline", "One line about this session, for Claude Code's status line (JSON on stdin)");
    add_setting_options(statusline, settings_);
    statusline.callback(
        [this] { command_ = [this] { return run_statusline(load(settings_, io_, load_config_leniently), io_); }; });
  }

  void add_completion() {
    auto& completion = add("completion", "A shell's completion script, or the manual page");
    completion.add_option("form", completion_form_, "bash, zsh, fish, or man")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish", "man"}))
        ->type_name("FORM");
    completion.callback([this] {
      command_ = [this] {
        if (const auto form = completion_form_from(completion_form_)) {
          io_.out << format_completion(*form, tree_of(app_));
        }
        return ExitCode::ok;
      };
    });
  }

  void add_doctor() {
    auto& doctor = add("doctor", "What keeps Claude Code, proxy and upstream from working together, and what to do");
    add_setting_options(doctor, settings_);
    doctor.add_option("--port", settings_.port, "PROXY_PORT")->type_name("PORT");
    doctor.add_flag("--json", json_, "For scripts");
    doctor.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_, [this](const Config& config) { return run_doctor(config, json_, io_); });
      };
    });
  }

  void add_chat() {
    auto& chat = add("chat", "A conversation in the terminal; with a pipe one question and its answer");
    add_setting_options(chat, settings_);
    chat.add_option("--model", chat_.model, "haiku, sonnet, opus, or a model's id")->type_name("MODEL");
    chat.add_option("--system", chat_.system, "Instructions for the whole conversation")->type_name("TEXT");
    auto* resume = chat.add_option("--resume", chat_.resume,
                                   "Go on with a conversation that /save kept; the last one without a name");
    resume->type_name("NAME")->expected(0, 1)->default_str("-");
    chat.add_flag("--cli", chat_.use_cli, "Ask through your claude CLI instead of with an API key");
    chat.add_option("question", chat_.words, "The first question")->type_name("QUESTION");
    chat.callback([this] {
      command_ = [this] {
        chat_.setting_arguments = as_arguments(settings_);
        return with_config(settings_, io_, [this](const Config& config) { return run_chat(config, chat_, io_); });
      };
    });
  }

  void add_run() {
    auto& run = add("run", "One program through the proxy: run -- claude ...; a proxy is started if none runs");
    add_setting_options(run, settings_);
    run.add_option("command", run_.command, "The program and its arguments, after --")
        ->required()
        ->type_name("COMMAND");
    run.callback([this] {
      command_ = [this] {
        run_.setting_arguments = as_arguments(settings_);
        return with_config(settings_, io_, [this](const Config& config) { return run_run(config, run_, io_); });
      };
    });
  }

  void add_steering() {
    auto& policy = add("policy", "Show or change the policy of the running proxy");
    add_setting_options(policy, settings_);
    policy.add_option("--port", settings_.port, "PROXY_PORT")->type_name("PORT");
    policy.add_option("POLICY", word_, "show, off, observe, balanced or saver")
        ->default_val("show")
        ->check(CLI::IsMember({"show", "off", "observe", "balanced", "saver"}));
    policy.add_flag("--json", json_, "For scripts");
    policy.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_,
                           [this](const Config& config) { return run_policy(config, word_, json_, io_); });
      };
    });

    auto& pin = add("pin", "Serve what may be moved on one tier at most, until told otherwise");
    add_setting_options(pin, settings_);
    pin.add_option("--port", settings_.port, "PROXY_PORT")->type_name("PORT");
    pin.add_option("TIER", pin_, "haiku, sonnet, opus or off")
        ->required()
        ->check(CLI::IsMember({"haiku", "sonnet", "opus", "off"}));
    pin.add_flag("--json", json_, "For scripts");
    pin.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_, [this](const Config& config) { return run_pin(config, pin_, json_, io_); });
      };
    });

    auto& explain = add("explain", "Why a request went as it went, and what else it could have cost");
    add_setting_options(explain, settings_);
    auto* id = explain.add_option("ID", explain_.id,
                                  "From --last, stats --live or x-distiq-id; the newest request if left out");
    explain.add_option("--last", explain_.last, "A list of the newest requests instead, with their ids")
        ->check(CLI::Range(1, 1000))
        ->type_name("COUNT")
        ->excludes(id);
    explain.add_flag("--json", explain_.json, "For scripts");
    explain.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_, [this](const Config& config) { return run_explain(config, explain_, io_); });
      };
    });
  }

  void add_setup() {
    auto& setup = add("setup", "Point Claude Code at the proxy by its settings file, or take that back");
    add_setting_options(setup, settings_);
    setup.add_option("--port", settings_.port, "PROXY_PORT")->type_name("PORT");
    auto* dry_run = setup.add_flag("--dry-run", setup_.dry_run, "Show what would change, change nothing");
    setup.add_flag("--yes", setup_.yes, "Without asking")->excludes(dry_run);
    setup.add_flag("--undo", setup_.undo, "Give the settings file back as it was");
    setup.add_flag("--service", setup_.service, "As a service of yours, too: systemd or launchd starts the proxy");
    setup.add_option("--scope", setup_.scope, "user, or project: .claude/settings.local.json here")
        ->check(CLI::IsMember({"user", "project"}))
        ->type_name("SCOPE");
    setup.callback([this] {
      command_ = [this] {
        return with_config(settings_, io_,
                           [this](const Config& config) { return run_setup(config, setup_, std::cin, io_); });
      };
    });
  }

  int unexpected_arguments() {
    std::string list;
    const auto extras = app_.remaining(/*recurse=*/true);
    for (const auto& extra : extras) list += (list.empty() ? "" : " ") + printable(extra);
    say_error(io_, fmt::format("Not expected here: {}. See distiq-code {}--help.", list, command_prefix()));
    return static_cast<int>(ExitCode::usage);
  }

  // "stop " where that command was given.
  [[nodiscard]] std::string command_prefix() const {
    const auto given = app_.get_subcommands();
    return given.empty() ? "" : given.front()->get_name() + " ";
  }

  [[nodiscard]] bool has_command(const std::string& name) {
    return !app_.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; }).empty();
  }

  CLI::App& add(const char* name, const char* description) {
    auto& command = *app_.add_subcommand(name, description);
    command.footer(kExitCodes);
    return command;
  }

  const CommandIo& io_;
  CLI::App app_{"A local proxy between Claude Code and the Anthropic API.", "distiq-code"};
  SettingOptions settings_;
  StartOptions start_;
  StopOptions stop_;
  StatsOptions stats_;
  DemoOptions demo_;
  SetupOptions setup_;
  ExplainOptions explain_;
  RunOptions run_;
  ChatOptions chat_;
  std::string completion_form_;
  bool json_ = false;
  std::string word_, pin_;
  std::function<ExitCode()> command_;
};

}  // namespace

int run_cli(std::span<const std::string> arguments, const CommandIo& io) {
  return CommandLine(io).run(arguments);
}

}  // namespace distiq
