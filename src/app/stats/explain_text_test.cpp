#include "app/stats/explain_text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace distiq {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t now_ms = 1'795'000'000'000;

PicoUsd micros(std::int64_t value) {
  return {value * 1'000'000};
}

RequestRecord moved() {
  RequestRecord record;
  record.id = "dq_1";
  record.started_at_ms = now_ms - 12'000;
  record.session_id = "0123456789-session";
  record.request_class = RequestClass::main;
  record.requested_model = "claude-opus-5-5";
  record.served_model = "claude-haiku-5-5";
  record.status = 200;
  record.usage_seen = true;
  record.usage.output = 7;
  record.cost = micros(1'000);
  record.counterfactual = micros(3'500);
  record.route.moved = true;
  record.route.policy = "balanced";
  record.route.decision_point = "lane_start";
  record.route.cause = "judged";
  record.route.saved_by_routing = micros(2'500);
  record.route.expected_saving = micros(2'000);
  record.route.alternatives =
      R"([{"model":"claude-opus-5-5","now":3400,"life":9000,"exposure":-1300,"break_even":0,"why_not":"dear"},)"
      R"({"model":"claude-haiku-5-5","now":1100,"life":2000,"exposure":500,"break_even":1,"why_not":""}])";
  return record;
}

std::string explain(const RequestRecord& record, Language language = Language::english) {
  return format_explanation(record, PriceTable::builtin(), {.language = language, .colour = false, .now_ms = now_ms});
}

TEST(ExplainText, says_which_request_it_is) {
  EXPECT_THAT(explain(moved()), AllOf(HasSubstr("dq_1\n"), HasSubstr(" (12 s ago)\n"), HasSubstr("0123456789-session"),
                                      HasSubstr("main conversation, status 200")));
  auto nameless = moved();
  nameless.session_id.clear();
  EXPECT_THAT(explain(nameless), HasSubstr("the client named none"));
  EXPECT_THAT(explain(moved(), Language::russian), AllOf(HasSubstr(" (12 с назад)"), HasSubstr("основной диалог")));
}

TEST(ExplainText, speaks_words_and_not_identifiers) {
  for (const char* name :
       {"lane_start", "after_compaction", "cold", "client_changed", "human_turn_warm", "escalation"}) {
    auto record = moved();
    record.route.decision_point = name;
    EXPECT_THAT(explain(record), Not(HasSubstr(fmt::format("; {};", name)))) << name;
  }
  for (const char* name : {"policy_off", "never_moved", "class_rule", "restored_helper", "judged", "pinned",
                           "lane_stays", "struggle", "objection", "harder_prompt", "cap_return", "illegal"}) {
    auto record = moved();
    record.route.cause = name;
    EXPECT_THAT(explain(record), Not(HasSubstr(fmt::format("; {}\n", name)))) << name;
    EXPECT_THAT(explain(record, Language::russian), Not(HasSubstr(fmt::format("; {}\n", name)))) << name;
  }
  auto newer = moved();
  newer.route.cause = "of_tomorrow";
  EXPECT_THAT(explain(newer), HasSubstr("; of_tomorrow\n"));
}

TEST(ExplainText, what_served_is_no_alternative_and_a_risk_is_never_negative) {
  const std::string text = explain(moved());
  EXPECT_THAT(text, HasSubstr("expected       saving $0.002000; this request $0.001100, rest of the conversation "
                              "$0.0020, going back at once could cost $0.0005\n"));
  EXPECT_THAT(text, HasSubstr("instead        claude-opus-5-5: this request $0.003400, rest of the conversation "
                              "$0.0090; dear\n"));
  EXPECT_THAT(text, Not(HasSubstr("-$")));
  auto alone = moved();
  alone.route.alternatives = R"([{"model":"claude-haiku-5-5","now":1,"life":2,"exposure":0,"why_not":""}])";
  EXPECT_THAT(explain(alone), Not(HasSubstr("instead")));
}

TEST(ExplainText, a_web_searchs_fee_is_in_every_forecast) {
  auto record = moved();
  record.usage.web_searches = 2;
  EXPECT_THAT(explain(record), AllOf(HasSubstr("this request $0.023400 (with $0.0200 for web searches)"),
                                     HasSubstr("this request $0.021100 (with $0.0200 for web searches)")));
}

TEST(ExplainText, a_request_that_stayed_and_differs_all_the_same_is_explained) {
  auto record = moved();
  record.route.moved = false;
  record.served_model = record.requested_model;
  record.counterfactual = micros(500);
  record.route.saved_by_routing = micros(-500);
  EXPECT_THAT(explain(record), HasSubstr("costs more because earlier requests went to another model"));
  EXPECT_THAT(explain(record, Language::russian), HasSubstr("Он дороже потому"));
  record.counterfactual = micros(1'500);
  record.route.saved_by_routing = micros(500);
  EXPECT_THAT(explain(record), HasSubstr("costs less because earlier requests were moved to this model"));
  record.route.saved_by_effort = micros(100);
  EXPECT_THAT(explain(record), Not(HasSubstr("Nothing about this request was changed"))) << "its effort was";
  record.route.saved_by_effort = {};
  record.route.saved_by_routing = {};
  EXPECT_THAT(explain(record), Not(HasSubstr("Nothing about this request was changed")));
  EXPECT_THAT(explain(moved()), Not(HasSubstr("Nothing about this request was changed")));
}

TEST(ExplainText, what_was_asked_for_has_no_way_back_to_pay) {
  auto record = moved();
  record.route.alternatives = R"([{"model":"claude-opus-5-5","now":1,"life":2,"exposure":9000,"why_not":""}])";
  EXPECT_THAT(explain(record), Not(HasSubstr("going back")));
}

TEST(ExplainText, a_dated_id_is_the_same_model) {
  auto record = moved();
  record.route.moved = false;
  record.requested_model = "claude-haiku-5-5";
  record.served_model = "claude-haiku-5-5-20261001";
  EXPECT_THAT(explain(record), AllOf(Not(HasSubstr("asked for")), Not(HasSubstr("instead        claude-haiku"))));
  EXPECT_THAT(format_request_list(std::span(&record, 1), PriceTable::builtin(), {}), Not(HasSubstr("from")));
}

TEST(ExplainText, another_path_is_named) {
  RequestRecord record;
  record.id = "dq_2";
  record.method = "GET";
  record.path = "/v1/files\x1b[2J";
  EXPECT_THAT(explain(record), AllOf(HasSubstr("GET /v1/files\\x1b[2J\n"), Not(HasSubstr("served by"))));
  EXPECT_THAT(format_request_list(std::span(&record, 1), PriceTable::builtin(), {}), HasSubstr("GET /v1/files\\x1b"));
}

TEST(ExplainText, the_list_has_a_line_for_each_with_its_id) {
  const std::vector<RequestRecord> records{moved(), moved()};
  const std::string text = format_request_list(records, PriceTable::builtin(),
                                               {.language = Language::english, .colour = false, .now_ms = now_ms});
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_THAT(text, AllOf(HasSubstr("dq_1"), HasSubstr("01234567"), HasSubstr("haiku (from opus)"),
                          HasSubstr("$0.0010"), HasSubstr("$0.0025")));
}

}  // namespace
}  // namespace distiq
