#include "app/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <sstream>

#include "app/config/config_settings.h"
#include "base/version.h"

namespace distiq {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> arguments, std::map<std::string, std::string, std::less<>> variables = {}) {
  variables.emplace("HOME", "/nonexistent");
  const Environment environment(std::move(variables));
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_cli(arguments, {out, err, environment});
  return {code, out.str(), err.str()};
}

TEST(Cli, no_command_is_a_wrong_command_line_and_shows_help) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, HasSubstr("start"));
}

TEST(Cli, unknown_command_and_option_are_named) {
  EXPECT_EQ(run({"strat"}).code, 2);
  EXPECT_THAT(run({"strat"}).err, HasSubstr("strat"));
  EXPECT_EQ(run({"config", "--prot", "1"}).code, 2);
  EXPECT_THAT(run({"config", "--prot", "1"}).err, HasSubstr("--prot"));
  EXPECT_THAT(run({"st\x1b[2Jrat"}).err, Not(HasSubstr("\x1b")));
}

TEST(Cli, arguments_that_are_not_expected_are_named_in_their_order) {
  const auto outcome = run({"status", "--port", "1"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "distiq-code: Not expected here: --port 1. See distiq-code status --help.\n");
  EXPECT_THAT(run({"status", "x\x1b[2J"}).err, Not(HasSubstr("\x1b")));
}

TEST(Cli, the_manual_page_names_what_a_command_takes) {
  const auto page = run({"completion", "man"}).out;
  for (const char* part :
       {".SS policy \\fI[POLICY]\\fR", ".SS pin \\fITIER\\fR", ".SS explain \\fI[ID]\\fR",
        ".SS chat \\fI[QUESTION...]\\fR", ".SS run \\fI\\-\\- COMMAND...\\fR", ".SS completion \\fIFORM\\fR"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

TEST(Cli, every_command_has_help) {
  for (const char* command : {"start", "stop", "status", "run", "setup", "doctor", "statusline", "completion", "stats",
                              "config", "version", "demo"}) {
    const auto outcome = run({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Usage:")) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Exit codes:")) << command;
  }
}

TEST(Cli, completion_knows_commands_options_and_allowed_values) {
  const auto bash = run({"completion", "bash"});
  EXPECT_EQ(bash.code, 0);
  EXPECT_THAT(bash.out, HasSubstr("'stats --period') COMPREPLY=($(compgen -W 'day week month all'"));
  EXPECT_THAT(bash.out, HasSubstr("'start --config') COMPREPLY=($(compgen -f"));
  EXPECT_THAT(bash.out, Not(HasSubstr("until-unused"))) << "not for people";
  EXPECT_THAT(run({"completion", "man"}).out, HasSubstr(".SS setup\n"));
  EXPECT_EQ(run({"completion", "csh"}).code, 2);
}

TEST(Cli, version_for_people_and_scripts) {
  EXPECT_THAT(run({"version"}).out, HasSubstr(std::string(version())));
  EXPECT_EQ(run({"--version"}).out, run({"version"}).out);
  const auto json = run({"version", "--json"});
  EXPECT_EQ(json.code, 0);
  EXPECT_THAT(json.out, HasSubstr("\"version\":\"" + std::string(version()) + "\""));
  EXPECT_THAT(json.out, HasSubstr("\"SMART_ROUTING\":true"));
}

TEST(Cli, config_lists_every_setting_with_its_source) {
  const auto outcome = run({"config", "--port", "1"}, {{"RETENTION_DAYS", "9"}, {"COMPRESSION_ENABLED", "true"}});
  EXPECT_EQ(outcome.code, 0);
  for (const auto& spec : all_settings()) EXPECT_THAT(outcome.out, HasSubstr("\n" + std::string(spec.name) + " "));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("PROXY_PORT +1 +the command line\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("RETENTION_DAYS +9 +the environment\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("COMPRESSION_ENABLED +not in this build +the environment"));
  EXPECT_THAT(outcome.err, HasSubstr("COMPRESSION_ENABLED is accepted"));
}

TEST(Cli, config_never_shows_the_token) {
  for (const bool json : {false, true}) {
    std::vector<std::string> arguments{"config"};
    if (json) arguments.push_back("--json");
    const auto outcome = run(arguments, {{"PROXY_TOKEN", "hidden-0123456789"}});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("hidden")));
    EXPECT_THAT(outcome.out, HasSubstr("set"));
  }
}

TEST(Cli, wrong_settings_give_one_sentence_and_code_3) {
  const auto outcome = run({"start"}, {{"PROXY_PORT", "eleven"}});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
  EXPECT_THAT(outcome.err, HasSubstr("PROXY_PORT=eleven"));
}

TEST(Cli, set_takes_any_setting_but_secrets) {
  EXPECT_THAT(run({"config", "--set", "RETENTION_DAYS=3", "--set", "DISTIQ_IO_THREADS=1"}).out,
              testing::AllOf(testing::ContainsRegex("RETENTION_DAYS +3 "), testing::ContainsRegex("IO_THREADS +1 ")));
  for (const char* assignment :
       {"PROXY_TOKEN=hidden-0123456789", "HTTPS_PROXY=http://u:hidden@h:1", "NO_SUCH=hidden"}) {
    const auto outcome = run({"config", "--set", assignment});
    EXPECT_EQ(outcome.code, 3) << assignment;
    EXPECT_THAT(outcome.err, Not(HasSubstr("hidden")));
  }
}

TEST(Cli, stats_without_records_say_so) {
  const auto outcome = run({"stats"}, {{"DISTIQ_HOME", "/nonexistent/state"}});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_FALSE(outcome.err.empty());
  EXPECT_EQ(outcome.out, "");
}

TEST(Cli, stats_period_is_checked) {
  EXPECT_EQ(run({"stats", "--period", "year"}).code, 2);
}

}  // namespace
}  // namespace distiq
