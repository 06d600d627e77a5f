#include "trace/trace_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

namespace distiq {
namespace {

namespace json = boost::json;

const TraceSource source{.version = "1.2.3", .upstream_host = "api.example", .upstream_port = 8443};

std::unique_ptr<RequestTrace> healed_request() {
  auto trace = std::make_unique<RequestTrace>();
  trace->trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  trace->span_id = "1111111111111111";
  trace->parent_id = "00f067aa0ba902b7";
  UpstreamAttempt first;
  first.span_id = "2222222222222222";
  first.began_us = 1'000;
  first.ended_us = 2'000;
  first.status = 400;
  first.edited = first.discarded = true;
  first.sent_model = "claude-haiku-4-5";
  first.error_type = "invalid_request_error";
  UpstreamAttempt second;
  second.span_id = "3333333333333333";
  second.began_us = 2'500;
  second.first_byte_us = 4'500;
  second.ended_us = 9'000;
  second.status = 200;
  trace->attempts = {first, second};
  RequestRecord& record = trace->record;
  record.id = "dq_1";
  record.started_at_ms = 1'795'000'000'123;
  record.duration_us = 10'000;
  record.session_id = "session-1";
  record.lane_id = "0123456789abcdef";
  record.request_class = RequestClass::main;
  record.account_hash = "account-hash";
  record.method = "POST";
  record.path = "/v1/messages";
  record.requested_model = "claude-opus-5-5";
  record.served_model = "claude-opus-5-5";
  record.status = 200;
  record.stop_reason = "end_turn";
  record.message_id = "msg_1";
  record.usage = {.input = 5,
                  .cache_read = 100,
                  .cache_write_5m = 20,
                  .cache_write_1h = 3,
                  .output = 7,
                  .web_searches = 0,
                  .web_fetches = 0,
                  .code_executions = 0};
  record.usage_seen = true;
  record.cost = PicoUsd{3'000'000};
  record.counterfactual = PicoUsd{2'000'000};
  record.reason = "why";
  record.route.policy = "saver";
  record.route.healed_because = "400 invalid_request_error";
  record.route.alternatives = "[\"alternatives\"]";
  record.route.cache_break = "tools[3] (SecretTool)";
  return trace;
}

json::array spans_of(std::vector<std::unique_ptr<RequestTrace>> traces) {
  const TraceBody body = traces_json(traces, source);
  const auto scopes = json::parse(body.json).at("resourceSpans").at(0).at("scopeSpans");
  const auto spans = scopes.at(0).at("spans").as_array();
  EXPECT_EQ(body.spans, spans.size());
  return spans;
}
json::array spans_of(std::unique_ptr<RequestTrace> trace) {
  std::vector<std::unique_ptr<RequestTrace>> traces;
  traces.push_back(std::move(trace));
  return spans_of(std::move(traces));
}

// Each value as JSON.
std::map<std::string, std::string> attributes(const json::value& span) {
  std::map<std::string, std::string> found;
  for (const auto& each : span.at("attributes").as_array()) {
    const bool fresh =
        found.emplace(each.at("key").as_string(), json::serialize(each.at("value").as_object().begin()->value()))
            .second;
    EXPECT_TRUE(fresh) << each.at("key") << " stands twice";
  }
  return found;
}

TEST(TraceJsonTest, ids_are_hex_and_64_bit_numbers_are_strings) {
  const auto spans = spans_of(healed_request());
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].at("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(spans[0].at("spanId"), "1111111111111111");
  EXPECT_EQ(spans[0].at("parentSpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(spans[0].at("kind"), 2);
  EXPECT_EQ(spans[0].at("flags"), 0x301);
  EXPECT_EQ(spans[0].at("startTimeUnixNano"), "1795000000123000000");
  EXPECT_EQ(spans[0].at("endTimeUnixNano"), "1795000000133000000");
  EXPECT_EQ(attributes(spans[0]).at("http.response.status_code"), R"("200")");
}

TEST(TraceJsonTest, each_attempt_is_a_child_with_what_it_asked_for_and_what_it_was_billed) {
  const auto spans = spans_of(healed_request());
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(spans[i].at("parentSpanId"), "1111111111111111");
    EXPECT_EQ(spans[i].at("kind"), 3);
    EXPECT_EQ(spans[i].at("flags"), 0x101);
  }
  EXPECT_EQ(spans[1].at("name"), "chat claude-haiku-4-5");
  EXPECT_EQ(spans[1].at("startTimeUnixNano"), "1795000000124000000");
  EXPECT_EQ(spans[1].at("status").at("code"), 2);
  const auto first = attributes(spans[1]);
  EXPECT_EQ(first.at("error.type"), R"("invalid_request_error")");
  EXPECT_EQ(first.at("distiq.discarded"), "true");
  EXPECT_FALSE(first.contains("gen_ai.usage.input_tokens"));

  EXPECT_EQ(spans[2].at("name"), "chat claude-opus-5-5");
  EXPECT_FALSE(spans[2].as_object().contains("status"));
  const auto second = attributes(spans[2]);
  EXPECT_EQ(second.at("gen_ai.usage.input_tokens"), R"("128")");
  EXPECT_EQ(second.at("gen_ai.usage.cache_read.input_tokens"), R"("100")");
  EXPECT_EQ(second.at("gen_ai.usage.cache_creation.input_tokens"), R"("23")");
  EXPECT_EQ(second.at("gen_ai.usage.output_tokens"), R"("7")");
  EXPECT_EQ(second.at("gen_ai.response.finish_reasons"), R"({"values":[{"stringValue":"end_turn"}]})");
  EXPECT_EQ(second.at("distiq.first_byte_us"), R"("2000")");
  EXPECT_EQ(second.at("server.address"), R"("api.example")");
  EXPECT_EQ(second.at("server.port"), R"("8443")");
}

TEST(TraceJsonTest, the_request_says_what_was_decided_and_saved) {
  const auto spans = spans_of(healed_request());
  const auto server = attributes(spans[0]);
  EXPECT_EQ(spans[0].at("name"), "POST /v1/messages");
  EXPECT_EQ(server.at("distiq.id"), R"("dq_1")");
  EXPECT_EQ(server.at("distiq.policy"), R"("saver")");
  EXPECT_EQ(server.at("distiq.reason"), R"("why")");
  EXPECT_EQ(server.at("distiq.saved_usd_micros"), R"("-1")");
  EXPECT_EQ(server.at("gen_ai.conversation.id"), R"("session-1")");
  EXPECT_FALSE(server.contains("gen_ai.usage.input_tokens")) << "a sum over spans would count it twice";
}

TEST(TraceJsonTest, hashes_of_accounts_and_names_of_tools_stay_here) {
  std::vector<std::unique_ptr<RequestTrace>> traces;
  traces.push_back(healed_request());
  const std::string body = traces_json(traces, source).json;
  for (const char* kept : {"account-hash", "SecretTool", "alternatives"}) {
    EXPECT_EQ(body.find(kept), std::string::npos) << kept;
  }
}

TEST(TraceJsonTest, the_detail_of_an_error_stays_here) {
  auto trace = healed_request();
  trace->record.outcome = Outcome::upstream_unreachable;
  trace->record.status = 502;
  trace->record.error_type = "api_error";
  trace->record.reason = "inner-proxy.corp: refused";
  const auto spans = spans_of(std::move(trace));
  const auto server = attributes(spans[0]);
  EXPECT_FALSE(server.contains("distiq.reason"));
  EXPECT_EQ(server.at("error.type"), R"("api_error")");
  EXPECT_EQ(spans[0].at("status").at("code"), 2);
}

TEST(TraceJsonTest, a_clients_mistake_is_an_error_of_the_attempt_and_not_of_the_server) {
  auto trace = healed_request();
  trace->attempts.erase(trace->attempts.begin());
  trace->attempts.front().status = trace->record.status = 404;
  const auto spans = spans_of(std::move(trace));
  EXPECT_FALSE(spans[0].as_object().contains("status"));
  EXPECT_EQ(attributes(spans[0]).at("error.type"), R"("404")");
  EXPECT_EQ(spans[1].at("status").at("code"), 2);
}

TEST(TraceJsonTest, other_paths_and_methods_give_no_name_of_their_own) {
  auto trace = healed_request();
  trace->record.method = "BREW\"";
  trace->record.path = "/v1/files/file_1";
  const auto spans = spans_of(std::move(trace));
  EXPECT_EQ(spans[0].at("name"), "HTTP");
  const auto server = attributes(spans[0]);
  EXPECT_FALSE(server.contains("http.route"));
  EXPECT_EQ(server.at("url.path"), R"("/v1/files/file_1")");
  EXPECT_EQ(server.at("http.request.method"), R"("_OTHER")");
  EXPECT_EQ(spans[2].at("name"), "HTTP");
  EXPECT_FALSE(attributes(spans[2]).contains("gen_ai.operation.name"));
}

TEST(TraceJsonTest, texts_from_outside_are_cut_and_made_valid) {
  auto trace = healed_request();
  trace->record.requested_model = std::string(255, 'x') + "\xD0\x96\n";  // cut inside a character
  trace->record.error_type = "\xFF\"\\\x01";
  const auto server = attributes(spans_of(std::move(trace))[0]);
  EXPECT_EQ(server.at("gen_ai.request.model"), '"' + std::string(255, 'x') + "\xEF\xBF\xBD\"");
  EXPECT_EQ(server.at("error.type"), R"("�\"\\\u0001")");
}

TEST(TraceJsonTest, an_attempt_that_never_ended_ends_with_its_request) {
  auto trace = healed_request();
  trace->attempts.back().ended_us = -1;
  trace->attempts.back().status = 0;
  const auto spans = spans_of(std::move(trace));
  EXPECT_EQ(spans[2].at("endTimeUnixNano"), "1795000000133000000");
  EXPECT_FALSE(attributes(spans[2]).contains("http.response.status_code"));
}

TEST(TraceJsonTest, several_traces_and_none) {
  std::vector<std::unique_ptr<RequestTrace>> traces;
  EXPECT_EQ(spans_of(std::move(traces)).size(), 0u);
  traces.clear();
  traces.push_back(healed_request());
  traces.push_back(std::make_unique<RequestTrace>());
  EXPECT_EQ(spans_of(std::move(traces)).size(), 4u);
}

TEST(RejectedSpansTest, numbers_texts_and_nonsense) {
  EXPECT_EQ(rejected_spans("{}"), 0u);
  EXPECT_EQ(rejected_spans(R"({"partialSuccess":{}})"), 0u);
  EXPECT_EQ(rejected_spans(R"({"partialSuccess":{"rejectedSpans":"12","errorMessage":"x"}})"), 12u);
  EXPECT_EQ(rejected_spans(R"({"partialSuccess":{"rejectedSpans":3}})"), 3u);
  for (const char* strange :
       {"", "<html>", "[]", "null", R"({"partialSuccess":[]})", R"({"partialSuccess":{"rejectedSpans":-3}})",
        R"({"partialSuccess":{"rejectedSpans":"-3"}})",
        R"({"partialSuccess":{"rejectedSpans":"99999999999999999999"}})", R"({"partialSuccess":{"rejectedSpans":"")"}) {
    EXPECT_EQ(rejected_spans(strange), 0u) << strange;
  }
  EXPECT_EQ(rejected_spans(std::string(60'000, '[')), 0u);
}

}  // namespace
}  // namespace distiq
