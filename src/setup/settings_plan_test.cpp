#include "setup/settings_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "setup/text_diff.h"

namespace distiq {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const JsonPath kUrl{"env", "ANTHROPIC_BASE_URL"};
const JsonPath kHaiku{"env", "ANTHROPIC_DEFAULT_HAIKU_MODEL"};
const JsonPath kLine{"", "statusLine"};

std::vector<WantedSetting> wanted(const std::string& url = "\"http://127.0.0.1:11434\"") {
  return {{kUrl, url, true}, {kHaiku, "\"claude-haiku-5-5\""}, {kLine, R"({"type": "command"})"}};
}

const std::string kFiles[] = {
    "{\n  \"model\": \"opus\",\n  \"env\": {\n    \"A\": \"1\"\n  },\n  \"hooks\": {}\n}\n",
    "{\"permissions\":{\"allow\":[\"Bash(ls:*)\"]}}",
    "{\r\n\t\"z\" : 1.0,\r\n\t\"a\" : 1e400\r\n}",
    "{}",
    "{ }\n",
    "",
    " \n",
    "{\"env\": {}}",
    "{\"env\":{\"ANTHROPIC_BASE_URL\":\"https://gateway.example\"}}",
};

TEST(SettingsPlan, a_second_run_has_nothing_to_do) {
  for (const auto& file : kFiles) {
    const auto first = plan_setup(file, wanted(), nullptr);
    ASSERT_TRUE(first) << file;
    const auto second = plan_setup(first->text, wanted(), &first->receipt);
    ASSERT_TRUE(second) << file;
    EXPECT_EQ(second->text, first->text);
    EXPECT_EQ(second->receipt.changes, first->receipt.changes);
    EXPECT_THAT(second->kept, IsEmpty());
    EXPECT_EQ(*replay_changes(file, first->receipt), first->text);
  }
}

TEST(SettingsPlan, undo_takes_back_our_keys_and_nothing_else) {
  for (const auto& file : kFiles) {
    if (file.find('"') == std::string::npos) continue;  // blanks of an empty object: restored from the copy instead
    const auto plan = plan_setup(file, wanted(), nullptr);
    ASSERT_TRUE(plan);
    const auto undone = plan_undo(plan->text, plan->receipt);
    ASSERT_TRUE(undone);
    EXPECT_EQ(undone->text, file);
    EXPECT_THAT(undone->kept, IsEmpty());
  }
}

TEST(SettingsPlan, what_the_user_chose_stays_and_is_named) {
  const auto plan =
      plan_setup("{\"env\":{\"ANTHROPIC_DEFAULT_HAIKU_MODEL\":\"mine\"},\"statusLine\":{}}", wanted(), nullptr);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->kept, ElementsAre(kHaiku, kLine));
  EXPECT_EQ(**find_json(plan->text, kHaiku), "\"mine\"");
  EXPECT_EQ(**find_json(plan->text, kUrl), "\"http://127.0.0.1:11434\"");
  const auto undone = plan_undo(plan->text, plan->receipt);
  EXPECT_EQ(**find_json(undone->text, kHaiku), "\"mine\"");
}

TEST(SettingsPlan, a_value_that_was_right_already_is_not_ours_to_remove) {
  const auto plan = plan_setup("{\"env\":{\"ANTHROPIC_DEFAULT_HAIKU_MODEL\":\"claude-haiku-5-5\"}}", wanted(), nullptr);
  const auto undone = plan_undo(plan->text, plan->receipt);
  EXPECT_EQ(**find_json(undone->text, kHaiku), "\"claude-haiku-5-5\"");
}

TEST(SettingsPlan, another_port_replaces_our_own_address_and_undo_still_gives_the_first_one) {
  const std::string file = "{\"env\":{\"ANTHROPIC_BASE_URL\":\"https://gateway.example\"}}";
  const auto first = plan_setup(file, wanted(), nullptr);
  const auto second = plan_setup(first->text, wanted("\"http://127.0.0.1:8080\""), &first->receipt);
  ASSERT_TRUE(second);
  EXPECT_EQ(**find_json(second->text, kUrl), "\"http://127.0.0.1:8080\"");
  EXPECT_EQ(*replay_changes(file, second->receipt), second->text);
  EXPECT_EQ(plan_undo(second->text, second->receipt)->text, file);
}

TEST(SettingsPlan, undo_keeps_what_somebody_changed_since) {
  const auto plan = plan_setup(kFiles[0], wanted(), nullptr);
  const auto edited = set_json(plan->text, kHaiku, "\"other\"");
  const auto undone = plan_undo(*edited, plan->receipt);
  ASSERT_TRUE(undone);
  EXPECT_THAT(undone->kept, ElementsAre(kHaiku));
  EXPECT_EQ(**find_json(undone->text, kHaiku), "\"other\"");
  EXPECT_EQ(*find_json(undone->text, kUrl), std::nullopt);
  EXPECT_EQ(*find_json(undone->text, kLine), std::nullopt);
}

TEST(SettingsPlan, undo_after_the_user_removed_a_key_is_silent) {
  const auto plan = plan_setup(kFiles[0], wanted(), nullptr);
  const auto undone = plan_undo(*remove_json(plan->text, kUrl), plan->receipt);
  ASSERT_TRUE(undone);
  EXPECT_THAT(undone->kept, IsEmpty());
  EXPECT_EQ(undone->text, kFiles[0]);
}

TEST(SettingsPlan, receipt_survives_a_file) {
  SetupReceipt receipt{
      false, true, true, "https://gateway.example", {{kUrl, "\"a\\\"b\"", "1"}, {kLine, std::nullopt, "{\n}"}}};
  const auto read = parse_receipt(format_receipt(receipt));
  ASSERT_TRUE(read) << read.error().client_text;
  EXPECT_EQ(read->existed, receipt.existed);
  EXPECT_EQ(read->parent_added, receipt.parent_added);
  EXPECT_EQ(read->folder_added, receipt.folder_added);
  EXPECT_EQ(read->upstream, receipt.upstream);
  EXPECT_EQ(read->changes, receipt.changes);
  for (const char* text : {"", "{}", "{\"distiq_setup\": 2}", "{\"distiq_setup\": 1, \"change_0\": {}}"}) {
    EXPECT_FALSE(parse_receipt(text)) << text;
  }
}

TEST(SettingsPlan, files_that_cannot_be_edited_safely_are_refused) {
  for (const char* text : {"{,}", "[]", "{\"env\": \"x\"}", "{\"env\": {}, \"env\": {}}", "// remark\n{}"}) {
    EXPECT_FALSE(plan_setup(text, wanted(), nullptr)) << text;
  }
}

TEST(TextDiff, shows_changed_lines_with_their_surroundings) {
  EXPECT_EQ(unified_diff("a\n", "a\n", "f"), "");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\nx\n6\n", "f"), "--- f\n+++ f\n@@\n 3\n 4\n 5\n+x\n 6\n");
  EXPECT_EQ(unified_diff("", "a\n", "f"), "--- f\n+++ f\n+a\n");
  EXPECT_THAT(unified_diff("a\n", "\x1b[2J\n", "f"), HasSubstr("+\\x1b[2J"));
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "x\n";
  EXPECT_THAT(unified_diff(many, "y\n", "f"), HasSubstr("+y"));
}

}  // namespace
}  // namespace distiq
