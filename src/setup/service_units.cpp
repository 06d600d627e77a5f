#include "setup/service_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace distiq {
namespace {

constexpr std::string_view kMark = "Written by `distiq-code setup --service`; `distiq-code setup --undo` removes it.";

// Two hyphens may not stand in a comment of XML.
constexpr std::string_view kXmlMark = "Written by `distiq-code setup`, which also removes it.";

enum class SystemdWord { program, argument, assignment };

// Variables ("$") stand for something in arguments only.
std::string systemd_word(std::string_view text, SystemdWord kind) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || (c == '$' && kind == SystemdWord::argument)) out += c;
    out += c;
  }
  return out + "\"";
}

// systemd takes no program with a quote or a backslash in its path; a shell does.
std::string systemd_command(std::string_view program) {
  const bool is_plain = program.find_first_of("'\"\\\x7f") == std::string_view::npos &&
                        std::ranges::none_of(program, [](unsigned char c) { return c < ' '; });
  if (is_plain) return systemd_word(program, SystemdWord::program);
  return R"(/bin/sh -c "exec \"$$0\" \"$$@\"" )" + systemd_word(program, SystemdWord::argument);
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string systemd_socket(const ServiceFacts& facts) {
  const auto host = facts.host.find(':') == std::string::npos ? facts.host : "[" + facts.host + "]";
  return fmt::format(
      "# {}\n"
      "[Unit]\n"
      "Description=Address of distiq-code, the local proxy for Claude Code\n\n"
      "[Socket]\n"
      "ListenStream={}:{}\n\n"
      "[Install]\n"
      "WantedBy=sockets.target\n",
      kMark, host, facts.port);
}

std::string systemd_service(const ServiceFacts& facts) {
  const auto home =
      facts.home.empty()
          ? std::string()
          : fmt::format("Environment={}\n", systemd_word("DISTIQ_HOME=" + facts.home, SystemdWord::assignment));
  return fmt::format(
      "# {}\n"
      "[Unit]\n"
      "Description=distiq-code, the local proxy for Claude Code\n"
      "Requires=distiq-code.socket\n"
      "After=distiq-code.socket\n"
      "StartLimitIntervalSec=0\n\n"
      "[Service]\n"
      "Type=exec\n"
      "ExecStart={} start\n"
      "{}"
      "Restart=always\n"
      "RestartSec=1\n"
      "TimeoutStopSec=40\n"
      "LimitCORE=0\n"
      "NoNewPrivileges=true\n\n"
      "[Install]\n"
      "WantedBy=default.target\n",
      kMark, systemd_command(facts.program), home);
}

std::string launchd_agent(const ServiceFacts& facts) {
  const auto home = facts.home.empty() ? std::string()
                                       : fmt::format(
                                             "  <key>EnvironmentVariables</key>\n"
                                             "  <dict><key>DISTIQ_HOME</key><string>{}</string></dict>\n",
                                             xml_text(facts.home));
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- {} -->\n"
      "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
      "<plist version=\"1.0\">\n"
      "<dict>\n"
      "  <key>Label</key><string>{}</string>\n"
      "  <key>ProgramArguments</key>\n"
      "  <array><string>{}</string><string>start</string><string>--port</string><string>{}</string></array>\n"
      "{}"
      "  <key>RunAtLoad</key><true/>\n"
      "  <key>KeepAlive</key><true/>\n"
      "  <key>StandardOutPath</key><string>{}</string>\n"
      "  <key>StandardErrorPath</key><string>{}</string>\n"
      "</dict>\n"
      "</plist>\n",
      kXmlMark, kLaunchdLabel, xml_text(facts.program), facts.port, home, xml_text(facts.log_file),
      xml_text(facts.log_file));
}

bool is_our_unit(std::string_view text) {
  return text.substr(0, 300).find("Written by `distiq-code setup") != std::string_view::npos;
}

}  // namespace distiq
