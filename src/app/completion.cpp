#include "app/completion.h"

#include <fmt/format.h>

#include "base/version.h"

namespace distiq {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string names_of(const CommandTree& tree) {
  std::string text;
  for (const auto& command : tree) text += (text.empty() ? "" : " ") + command.name;
  return text;
}

std::string options_of(const CommandSummary& command) {
  std::string text;
  for (const auto& option : command.options) text += (text.empty() ? "" : " ") + option.name;
  return text;
}

// Inside single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

std::string bash(const CommandTree& tree) {
  std::string out = fmt::format(
      "# distiq-code: completion for bash. Load it: eval \"$(distiq-code completion bash)\"\n"
      "_distiq_code() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[1]}}\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '{} --help --version' -- \"$cur\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$command $prev\" in\n",
      names_of(tree));
  for (const auto& command : tree) {
    for (const auto& option : command.options) {
      if (option.value_name.empty()) continue;
      const auto reply = option.is_file          ? std::string("compgen -f -- \"$cur\"")
                         : option.values.empty() ? std::string(":")
                                                 : fmt::format("compgen -W '{}' -- \"$cur\"", joined(option.values));
      out += fmt::format("    '{} {}') COMPREPLY=($({})); return ;;\n", command.name, option.name, reply);
    }
  }
  out += "  esac\n  case \"$command\" in\n";
  for (const auto& command : tree) {
    if (command.runs_a_program) {
      out += fmt::format(
          "    {}) case \" ${{COMP_WORDS[*]:0:COMP_CWORD}} \" in *' -- '*) COMPREPLY=($(compgen -c -f -- \"$cur\")); "
          "return ;; esac ;;\n",
          command.name);
    }
  }
  out += "  esac\n  case \"$command\" in\n";
  for (const auto& command : tree) {
    out += fmt::format("    {}) COMPREPLY=($(compgen -W '{} --help{}' -- \"$cur\")) ;;\n", command.name,
                       options_of(command), command.values.empty() ? "" : " " + joined(command.values));
  }
  return out + "  esac\n}\ncomplete -F _distiq_code distiq-code\n";
}

// In a description of zsh's _arguments brackets and colons are syntax.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return quoted(out);
}

// After "--" stands another program with words of its own.
constexpr std::string_view zsh_program =
    "      local -i dashes=${words[(i)--]}\n"
    "      if (( dashes < CURRENT )); then\n"
    "        shift $dashes words\n"
    "        (( CURRENT -= dashes ))\n"
    "        _normal\n"
    "        return\n"
    "      fi\n";

constexpr std::string_view fish_program =
    "function __distiq_code_program\n"
    "  set -l words (commandline -opc)\n"
    "  set -l dashes (contains -i -- -- $words); or return\n"
    "  set -l program\n"
    "  test $dashes -lt (count $words); and set program (string escape -- $words[(math $dashes + 1)..])\n"
    "  complete -C (string join ' ' -- $program (commandline -ct))\n"
    "end\n";

std::string zsh(const CommandTree& tree) {
  std::string out =
      "#compdef distiq-code\n"
      "# distiq-code: completion for zsh. Put it into a folder of $fpath as _distiq-code, or load it after compinit:\n"
      "# source <(distiq-code completion zsh)\n"
      "_distiq_code() {\n"
      "  local -a subcommands\n"  // "commands" is zsh's own list, which completing a program needs
      "  subcommands=(\n";
  for (const auto& command : tree) {
    out += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.description));
  }
  out +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command subcommands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const auto& command : tree) {
    out += fmt::format("    {})\n", command.name);
    if (command.runs_a_program) out += zsh_program;
    out += "      _arguments '--help[Help]'";
    for (const auto& option : command.options) {
      const auto value = option.value_name.empty() ? ""
                         : option.is_file          ? fmt::format(":{}:_files", option.value_name)
                                                   : fmt::format(":{}:({})", option.value_name, joined(option.values));
      out += fmt::format(" \\\n        '{}[{}]{}'", option.name, zsh_text(option.description), value);
    }
    if (!command.values.empty()) out += fmt::format(" \\\n        '1:value:({})'", joined(command.values));
    if (command.runs_a_program) out += " \\\n        '*::program:_normal'";
    out += " ;;\n";
  }
  // Read as _distiq-code by autoload it is to answer at once; sourced, to be known from now on.
  return out +
         "  esac\n}\n"
         "if [[ $funcstack[1] == _distiq-code ]]; then _distiq_code \"$@\"; else compdef _distiq_code distiq-code; "
         "fi\n";
}

std::string fish(const CommandTree& tree) {
  std::string out =
      "# distiq-code: completion for fish. Load it: distiq-code completion fish | source\n"
      "complete -c distiq-code -f\n";
  const auto first = fmt::format("not __fish_seen_subcommand_from {}", names_of(tree));
  for (const auto& command : tree) {
    out += fmt::format("complete -c distiq-code -n '{}' -a {} -d '{}'\n", first, command.name,
                       quoted(command.description));
  }
  for (const auto& command : tree) {
    const auto seen = fmt::format("__fish_seen_subcommand_from {}", command.name);
    for (const auto& option : command.options) {
      const auto value = option.value_name.empty() ? ""
                         : option.is_file          ? " -r -F"
                                                   : fmt::format(" -x -k -a '{}'", joined(option.values));
      out += fmt::format("complete -c distiq-code -n '{}' -l {} -d '{}'{}\n", seen, option.name.substr(2),
                         quoted(option.description), value);
    }
    if (!command.values.empty()) {
      out += fmt::format("complete -c distiq-code -n '{}' -a '{}'\n", seen, joined(command.values));
    }
    if (command.runs_a_program) {
      out += fish_program;
      out += fmt::format("complete -c distiq-code -n '{}' -a '(__distiq_code_program)'\n", seen);
    }
  }
  return out;
}

// Backslashes and hyphens are syntax; so are a leading dot and quote.
std::string roff(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string man(const CommandTree& tree) {
  std::string out = fmt::format(
      ".TH DISTIQ\\-CODE 1 \"\" \"distiq\\-code {}\"\n"
      ".SH NAME\n"
      "distiq\\-code \\- a local proxy between Claude Code and the Anthropic API\n"
      ".SH SYNOPSIS\n"
      ".B distiq\\-code\n"
      ".I command\n"
      ".RI [ options ]\n"
      ".SH COMMANDS\n",
      roff(version()));
  for (const auto& command : tree) {
    const auto argument = command.argument.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(command.argument));
    out += fmt::format(".SS {}{}\n{}\n", roff(command.name), argument, roff(command.description));
    if (!command.argument.empty()) {
      out += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(command.argument), roff(command.argument_description));
    }
    for (const auto& option : command.options) {
      out += fmt::format(".TP\n\\fB{}\\fR", roff(option.name));
      if (!option.value_name.empty()) out += fmt::format(" \\fI{}\\fR", roff(option.value_name));
      out += fmt::format("\n{}\n", roff(option.description));
    }
  }
  out +=
      ".SH FILES\n"
      ".TP\n\\fB~/.distiq\\-code\\fR\nState, settings and records; DISTIQ_HOME names another folder.\n"
      ".TP\n\\fB~/.claude/settings.json\\fR\nClaude Code's settings, changed by \\fBsetup\\fR only.\n"
      ".SH EXIT STATUS\n"
      "0 done, 1 failed, 2 wrong command line, 3 wrong setting, 4 port in use; "
      "\\fBrun\\fR ends as its program does.\n";
  return out;
}

}  // namespace

std::optional<CompletionForm> completion_form_from(std::string_view name) {
  if (name == "bash") return CompletionForm::bash;
  if (name == "zsh") return CompletionForm::zsh;
  if (name == "fish") return CompletionForm::fish;
  if (name == "man") return CompletionForm::man;
  return std::nullopt;
}

std::string format_completion(CompletionForm form, const CommandTree& tree) {
  switch (form) {
    case CompletionForm::bash:
      return bash(tree);
    case CompletionForm::zsh:
      return zsh(tree);
    case CompletionForm::fish:
      return fish(tree);
    case CompletionForm::man:
      break;
  }
  return man(tree);
}

}  // namespace distiq
