#include "promptcache/marker_splice.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "message/request_scanner.h"

namespace distiq {
namespace {

constexpr std::string_view body_text =
    R"({"model":"m","system":"You help.","tools":[{"name":"a","input_schema":{}},{"name":"b","defer_loading":true}],)"
    R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},)"
    R"({"type":"tool_use","id":"1","name":"a","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"},)"
    R"({"type":"text","text":""},{"type":"text","text":"go","cache_control":{"type":"ephemeral"}}]}]})";

RequestView scanned(std::string_view body) {
  auto view = scan_request(body);
  EXPECT_TRUE(view);
  return std::move(*view);
}

std::string marked(std::string_view body, MarkTarget target, CacheTtl ttl = CacheTtl::five_minutes) {
  const RequestView view = scanned(body);
  EditPlan plan;
  const auto planned = plan_mark(plan, view, target, ttl, "test");
  if (!planned) return "refused";
  return plan.apply(body)->joined();
}

std::string replaced(std::string_view body, std::string_view from, std::string_view to) {
  std::string text(body);
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(MarkerSplice, a_tool_gets_its_marker_as_the_last_member) {
  EXPECT_EQ(marked(body_text, {MarkTargetKind::tool, 0}),
            replaced(body_text, R"("input_schema":{}})", R"("input_schema":{},"cache_control":{"type":"ephemeral"}})"));
}

TEST(MarkerSplice, strings_become_one_text_block) {
  EXPECT_EQ(marked(body_text, {MarkTargetKind::system_string, 0}),
            replaced(body_text, R"("You help.")",
                     R"([{"type":"text","text":"You help.","cache_control":{"type":"ephemeral"}}])"));
  EXPECT_EQ(marked(body_text, {MarkTargetKind::message_string, 0}, CacheTtl::one_hour),
            replaced(body_text, R"("hi")",
                     R"([{"type":"text","text":"hi","cache_control":{"type":"ephemeral","ttl":"1h"}}])"));
}

TEST(MarkerSplice, the_result_reads_as_marked_and_otherwise_as_before) {
  const RequestView view = scanned(body_text);
  for (std::uint32_t block = 0; block < view.blocks.size(); ++block) {
    if (!can_carry_mark(view, {MarkTargetKind::block, block})) continue;
    const std::string after = marked(body_text, {MarkTargetKind::block, block});
    const RequestView again = scanned(after);
    ASSERT_EQ(again.cache_marks.size(), view.cache_marks.size() + 1);
    ASSERT_EQ(again.blocks.size(), view.blocks.size());
    EXPECT_NE(again.blocks[block].cache_mark, no_index);
    EXPECT_FALSE(again.has_duplicate_keys);
  }
}

TEST(MarkerSplice, never_on_deferred_tools_thinking_empty_texts_or_twice) {
  EXPECT_EQ(marked(body_text, {MarkTargetKind::tool, 1}), "refused");
  EXPECT_EQ(marked(body_text, {MarkTargetKind::tool, 2}), "refused") << "there is no such tool";
  const RequestView view = scanned(body_text);
  std::string carried;
  for (std::uint32_t block = 0; block < view.blocks.size(); ++block) {
    carried += can_carry_mark(view, {MarkTargetKind::block, block}) ? 'y' : 'n';
  }
  EXPECT_EQ(carried, "nyynn") << "thinking, tool_use, tool_result, empty text, marked text";
  EXPECT_EQ(marked(R"({"system":"","messages":[]})", {MarkTargetKind::system_string, 0}), "refused");
  EXPECT_EQ(marked(R"({"system":" \n","messages":[]})", {MarkTargetKind::system_string, 0}), "refused");
}

TEST(MarkerSplice, a_refused_marker_leaves_the_plan_as_it_was) {
  const RequestView view = scanned(body_text);
  EditPlan plan;
  ASSERT_TRUE(plan.add({{view.messages[0].content.range.end(), 0}, "x", "in the way"}));
  EXPECT_FALSE(plan_mark(plan, view, {MarkTargetKind::message_string, 0}, CacheTtl::five_minutes, "test"));
  EXPECT_EQ(plan.splices().size(), 1u);
}

TEST(MarkerSplice, all_markers_of_a_request_get_the_longer_life_or_none) {
  const auto longer = [](std::string_view body) -> std::string {
    const RequestView view = scanned(body);
    EditPlan plan;
    const auto planned = plan_one_hour(plan, view, "test");
    if (!planned) return "error";
    EXPECT_TRUE(*planned || plan.empty());
    return *planned ? plan.apply(body)->joined() : "unchanged";
  };
  EXPECT_EQ(longer(body_text), replaced(body_text, R"({"type":"ephemeral"})", R"({"type":"ephemeral","ttl":"1h"})"));
  EXPECT_EQ(longer(R"({"messages":[]})"), "unchanged");
  EXPECT_EQ(longer(R"({"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]})"),
            "unchanged");
  EXPECT_EQ(longer(R"({"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","scope":"global"}},)"
                   R"({"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]})"),
            "unchanged")
      << "a form that we do not know: hands off all of them";
}

}  // namespace
}  // namespace distiq
