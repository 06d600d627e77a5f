// Scripts, queued answers, faults, control endpoints.
#include "play/script.h"

#include <gtest/gtest.h>

#include "base/json_fields.h"
#include "service/test_support.h"

namespace sim {
namespace {

namespace json = boost::json;
using test::Api;

std::string asking(std::string_view prompt, std::string_view model = "claude-opus-5-5") {
  return R"({"model":")" + std::string(model) + R"(","max_tokens":500,"messages":[{"role":"user","content":")" +
         std::string(prompt) + "\"}]}";
}

std::string said(const test::Got& got) {
  const auto body = got.json();
  const auto& content = body.at("content").as_array();
  return content.empty() ? "" : std::string(content.back().at("text").as_string());
}

void load(Api& api, std::string_view script) {
  const auto got = api.control("PUT", "/_sim/script", script);
  ASSERT_EQ(got.status, 200) << got.text;
}

TEST(Script, the_first_matching_rule_answers) {
  Api api;
  load(api, R"({"rules":[{"match":{"prompt_contains":"sun"},"answer":"It shines."},{"answer":"Anything else."}]})");
  EXPECT_EQ(said(api.ask(asking("where is the sun"))), "It shines.");
  EXPECT_EQ(said(api.ask(asking("where is the moon"))), "Anything else.");
}

TEST(Script, steps_follow_the_turn_and_the_last_repeats) {
  Api api;
  load(api, R"([{"steps":["one","two"]}])");
  EXPECT_EQ(said(api.ask(asking("go"))), "one");
  EXPECT_EQ(said(api.ask(asking("go"))), "one") << "a retry gets the same";
  const auto with_steps = [](int steps) {
    std::string body = R"({"model":"claude-opus-5-5","max_tokens":500,"messages":[{"role":"user","content":"go"})";
    for (int i = 0; i < steps; ++i)
      body += R"(,{"role":"assistant","content":[{"type":"tool_use","id":"t)" + std::to_string(i) +
              R"(","name":"A","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t)" +
              std::to_string(i) + R"("}]})";
    return body + "]}";
  };
  EXPECT_EQ(said(api.ask(with_steps(1))), "two");
  EXPECT_EQ(said(api.ask(with_steps(4))), "two");
}

TEST(Script, times_and_skip_count) {
  Api api;
  load(api, R"([{"skip":1,"times":2,"answer":"now"},{"answer":"otherwise"}])");
  std::string all;
  for (int i = 0; i < 4; ++i) all += said(api.ask(asking("x"))) + " ";
  EXPECT_EQ(all, "otherwise now now otherwise ");
}

TEST(Script, matches_by_model_header_body_and_lane) {
  Api api;
  load(api, R"([{"match":{"model":"claude-haiku-5-5"},"answer":"model"},
                {"match":{"headers":{"x-a":"1"}},"answer":"header"},
                {"match":{"headers":{"x-b":""}},"answer":"presence"},
                {"match":{"body_contains":"\"system\""},"answer":"body"},
                {"match":{"lane":"subagent"},"answer":"lane"},
                {"answer":"none"}])");
  EXPECT_EQ(said(api.ask(asking("x", "claude-haiku-5-5"))), "model");
  EXPECT_EQ(said(api.ask(asking("x"), {{"X-A", "1"}})), "header");
  EXPECT_EQ(said(api.ask(asking("x"), {{"x-b", "anything"}})), "presence");
  EXPECT_EQ(
      said(api.ask(
          R"({"model":"claude-opus-5-5","max_tokens":9,"system":"s","messages":[{"role":"user","content":"x"}]})")),
      "body");
  EXPECT_EQ(said(api.ask(asking("x"), {{"x-claude-code-agent-id", "a1"}})), "lane");
  EXPECT_EQ(said(api.ask(asking("x"), {{"x-a", "2"}})), "none");
}

TEST(Script, queued_answers_come_first_in_order_and_once) {
  Api api;
  load(api, R"([{"answer":"rule"}])");
  ASSERT_EQ(api.control("POST", "/_sim/answers",
                        R"(["first",{"lane":"subagent","content":"for a sub-agent"},{"content":"second"}])")
                .status,
            200);
  EXPECT_EQ(said(api.ask(asking("x"))), "first");
  EXPECT_EQ(said(api.ask(asking("x"))), "second") << "the one for a sub-agent waits";
  EXPECT_EQ(said(api.ask(asking("x"))), "rule");
  EXPECT_EQ(said(api.ask(asking("x"), {{"x-claude-code-agent-id", "a"}})), "for a sub-agent");
}

TEST(Script, a_queued_fault_takes_one_request) {
  Api api;
  api.control("POST", "/_sim/answers", R"([{"fault":{"status":{"code":529},"headers":{"retry-after":"2"}}},"after"])");
  const auto got = api.ask(asking("x"));
  EXPECT_EQ(got.status, 529);
  EXPECT_EQ(got.error(), "Overloaded");
  EXPECT_EQ(got.json().at("error").at("type"), "overloaded_error");
  EXPECT_EQ(said(api.ask(asking("x"))), "after");
}

TEST(Script, a_status_fault_can_have_any_body) {
  Api api;
  load(api, R"([{"fault":{"status":{"code":502,"body":"<html>bad gateway</html>","content_type":"text/html"}}}])");
  const auto got = api.ask(asking("x"));
  EXPECT_EQ(got.status, 502);
  EXPECT_EQ(got.text, "<html>bad gateway</html>");
  EXPECT_EQ(find_header(got.headers, "content-type"), "text/html");
}

TEST(Script, a_fault_can_come_with_the_request) {
  Api api;
  EXPECT_EQ(api.ask(asking("x"), {{"x-sim-fault", R"({"status":{"code":500}})"}}).status, 500);
  EXPECT_EQ(api.ask(asking("x")).status, 200);
  EXPECT_EQ(api.ask(asking("x"), {{"x-sim-fault", R"({"nonsense":1})"}}).status, 400);
}

TEST(Script, faults_reach_other_paths_too) {
  Api api;
  load(api, R"([{"match":{"path":"/v1/models"},"fault":{"status":{"code":503}}}])");
  EXPECT_EQ(api.ask("", {}, "/v1/models?limit=5", "GET").status, 503);
  EXPECT_EQ(api.ask(asking("x")).status, 200);
}

TEST(Script, ids_and_signatures_are_filled_in) {
  Api api;
  load(
      api,
      R"([{"answer":{"content":[{"type":"thinking","thinking":"hm"},{"type":"tool_use","name":"A","input":{"b":1}}]}}])");
  const auto body = api.ask(asking("x")).json();
  EXPECT_EQ(body.at("stop_reason"), "tool_use");
  EXPECT_GT(body.at("content").at(0).at("signature").as_string().size(), 100u);
  EXPECT_TRUE(body.at("content").at(1).at("id").as_string().starts_with("toolu_01"));
}

TEST(Script, a_wrong_script_is_refused_and_changes_nothing) {
  Api api;
  load(api, R"([{"answer":"kept"}])");
  for (const auto* wrong : {"{", "{}", "[{}]", R"([{"answer":1}])", R"([{"anwser":"x"}])",
                            R"([{"match":{"promt":"x"},"answer":"y"}])", R"([{"fault":{"stal":1}}])",
                            R"([{"answer":{"content":[{"text":"no type"}]}}])", R"([{"answer":{"text":"x"}}])", "[1]"})
    EXPECT_EQ(api.control("PUT", "/_sim/script", wrong).status, 400) << wrong;
  EXPECT_EQ(said(api.ask(asking("x"))), "kept");
}

TEST(Control, the_clock_goes_forward_only) {
  Api api;
  const auto before = test::number(api.control("GET", "/_sim/clock").json(), "now_ms");
  EXPECT_EQ(test::number(api.control("POST", "/_sim/clock", R"({"advance_s":3600})").json(), "now_ms"),
            before + 3'600'000);
  EXPECT_EQ(api.control("POST", "/_sim/clock", R"({"advance_ms":-1})").status, 400);
  EXPECT_EQ(api.control("POST", "/_sim/clock", "{}").status, 400);
}

TEST(Control, received_requests_are_kept_exactly) {
  Api api;
  const auto body = asking("Привет \\u0041");
  api.ask(body, {{"X-Odd-Case", "1"}}, "/v1/messages?beta=true");
  const auto list = api.control("GET", "/_sim/requests").json();
  const auto& request = list.at("requests").at(0);
  EXPECT_EQ(request.at("target"), "/v1/messages?beta=true");
  EXPECT_EQ(view(request.at("body_sha256").as_string()), to_hex(sha256(body)));
  EXPECT_EQ(request.at("body_bytes").to_number<std::size_t>(), body.size());
  EXPECT_EQ(request.at("headers").as_array().back().at(0), "X-Odd-Case");
  EXPECT_EQ(request.at("status"), 200);
  EXPECT_EQ(request.at("whole"), true);
  EXPECT_EQ(api.control("GET", "/_sim/requests/1/body").text, body);
  EXPECT_EQ(api.control("GET", "/_sim/requests/2").status, 404) << "control requests are not recorded";
  EXPECT_EQ(api.control("GET", "/_sim/requests/x").status, 404);
}

TEST(Control, the_log_forgets_the_oldest_and_bodies_first) {
  RequestLog log;
  log.configure(3, 10);
  for (int i = 0; i < 5; ++i) {
    ReceivedRequest request;
    request.body = "12345";
    request.body_bytes = 5;
    log.add(std::move(request));
  }
  EXPECT_EQ(log.all().size(), 3u);
  EXPECT_EQ(log.find(2), nullptr);
  ASSERT_NE(log.find(3), nullptr);
  EXPECT_FALSE(log.find(3)->body_kept);
  EXPECT_TRUE(log.find(5)->body_kept);
  EXPECT_EQ(log.received(), 5u);
}

TEST(Control, unknown_endpoints_and_verbs_are_told_apart) {
  Api api;
  EXPECT_EQ(api.control("GET", "/_sim/nothing").status, 404);
  EXPECT_EQ(api.control("PATCH", "/_sim/clock").status, 405);
}

}  // namespace
}  // namespace sim
