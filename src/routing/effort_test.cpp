#include "routing/effort.h"

#include <gtest/gtest.h>

#include "message/request_scanner.h"
#include "money/price_table.h"
#include "routing/json_members.h"

namespace distiq {
namespace {

std::string with_effort(std::string_view body, std::string_view level) {
  const auto view = scan_request(body);
  EditPlan plan;
  const auto planned = plan_effort(plan, *view, level, "a test");
  if (!planned.has_value()) {
    EXPECT_TRUE(plan.empty()) << "a refused plan stays as it was";
    return "refused";
  }
  return plan.apply(body)->joined();
}

TEST(Effort, levels_step_down_where_the_model_takes_both) {
  const ModelInfo& opus = *PriceTable::builtin().find("opus");
  EXPECT_EQ(lower_effort(opus, "max"), "xhigh");
  EXPECT_EQ(lower_effort(opus, "medium"), "low");
  EXPECT_EQ(lower_effort(opus, "low"), "");
  EXPECT_EQ(lower_effort(opus, "unheard of"), "");
  EXPECT_EQ(lower_effort(opus, ""), "");
  const ModelInfo& sonnet_46 = *PriceTable::builtin().find("claude-sonnet-4-6");  // has no xhigh
  EXPECT_EQ(lower_effort(sonnet_46, "max"), "");
  EXPECT_EQ(lower_effort(*PriceTable::builtin().find("claude-haiku-4-5"), "high"), "") << "takes none";
}

TEST(Effort, is_replaced_in_both_places_or_in_neither) {
  EXPECT_EQ(
      with_effort(R"({"messages":[{"role":"user","content":"a"},)"
                  R"({"role":"system","content":"b","output_config":{"effort":"medium"}},)"
                  R"({"role":"system","content":"c","output_config":{ "x":{"effort":"low"}, "effort" : "medium" }}],)"
                  R"("output_config":{"effort":"medium"}})",
                  "low"),
      R"({"messages":[{"role":"user","content":"a"},)"
      R"({"role":"system","content":"b","output_config":{"effort":"low"}},)"
      R"({"role":"system","content":"c","output_config":{ "x":{"effort":"low"}, "effort" : "low" }}],)"
      R"("output_config":{"effort":"low"}})");
  EXPECT_EQ(with_effort(R"({"messages":[],"output_config":{"effort":"high","format":{"effort":"x"}}})", "medium"),
            R"({"messages":[],"output_config":{"effort":"medium","format":{"effort":"x"}}})");
}

TEST(Effort, is_left_alone_where_it_is_not_plain) {
  EXPECT_EQ(with_effort(R"({"messages":[]})", "low"), "refused");
  EXPECT_EQ(with_effort(R"({"messages":[{"role":"system","content":"b","output_config":{"effort":"high"}}],)"
                        R"("output_config":{"effort":"medium"}})",
                        "low"),
            "refused");
  EXPECT_EQ(with_effort(R"({"messages":[{"role":"system","content":"b","output_config":{"effort":"medium"}}]})", "low"),
            "refused")
      << "only on the message";
  EXPECT_EQ(with_effort(R"({"messages":[],"output_config":{"effort":"medium","effort":"medium"}})", "low"), "refused");
}

TEST(JsonMembers, finds_direct_string_members_only) {
  const std::string body =
      R"({"messages":[],"metadata":{"a":["k","v",{"k":"no"}],"b":{"k":"no"},"s":"\"k\":\"no\"","n":1,"k":"yes","z":"k"}})";
  const auto view = scan_request(body);
  const JsonValue found = direct_string_member(*view, view->metadata.range, "k");
  EXPECT_EQ(view->raw(found), "\"yes\"");
  EXPECT_FALSE(direct_string_member(*view, view->metadata.range, "n").present()) << "a number";
  EXPECT_FALSE(direct_string_member(*view, view->metadata.range, "v").present());
  EXPECT_FALSE(direct_string_member(*view, view->metadata.range, "missing").present());
}

}  // namespace
}  // namespace distiq
