#include "app/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace distiq {
namespace {

using testing::HasSubstr;

CommandTree tree() {
  return {{.name = "stats",
           .description = "What requests cost: it's [all]",
           .options = {{"--period", "day or week", "PERIOD", {"day", "week"}, false},
                       {"--config", "TOML file", "FILE", {}, true},
                       {"--json", "For scripts", "", {}, false}},
           .argument = "[DAY]",
           .argument_description = "Which day",
           .values = {},
           .runs_a_program = false},
          {.name = "run",
           .description = "One program",
           .options = {},
           .argument = "-- COMMAND...",
           .argument_description = "The program",
           .values = {},
           .runs_a_program = true}};
}

TEST(Completion, every_form_names_every_command_and_option) {
  for (const char* name : {"bash", "zsh", "fish", "man"}) {
    const auto form = completion_form_from(name);
    ASSERT_TRUE(form);
    const auto text = format_completion(*form, tree());
    for (const char* word : {"stats", "run", "period", "config", "json"}) EXPECT_THAT(text, HasSubstr(word)) << name;
  }
  EXPECT_FALSE(completion_form_from("csh"));
}

TEST(Completion, texts_cannot_leave_their_quotes) {
  EXPECT_THAT(format_completion(CompletionForm::fish, tree()), HasSubstr("-d 'What requests cost: it'\\''s [all]'"));
  EXPECT_THAT(format_completion(CompletionForm::zsh, tree()),
              HasSubstr("'stats:What requests cost\\: it'\\''s \\[all\\]'"));
}

TEST(Completion, manual_page_has_the_arguments) {
  const auto text = format_completion(CompletionForm::man, tree());
  EXPECT_THAT(text, HasSubstr(".SS stats \\fI[DAY]\\fR\n"));
  EXPECT_THAT(text, HasSubstr(".TP\n\\fI[DAY]\\fR\nWhich day\n"));
  EXPECT_THAT(text, HasSubstr(".SS run \\fI\\-\\- COMMAND...\\fR\n"));
}

TEST(Completion, manual_page_escapes_hyphens_and_leading_dots) {
  CommandTree commands{{.name = "x",
                        .description = ".hidden \\n",
                        .options = {},
                        .argument = {},
                        .argument_description = {},
                        .values = {},
                        .runs_a_program = false}};
  EXPECT_THAT(format_completion(CompletionForm::man, commands), HasSubstr("\\&.hidden \\en"));
}

}  // namespace
}  // namespace distiq
