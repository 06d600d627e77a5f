// What an answer looks like: events, cut answers, thinking, rate limits, the models list.
#include <gtest/gtest.h>

#include "base/json_fields.h"
#include "service/test_support.h"

namespace sim {
namespace {

namespace json = boost::json;
using test::Api;
using test::number;

std::string asking(std::string_view prompt, std::string_view more = {}, std::string_view model = "claude-opus-5-5") {
  return R"({"model":")" + std::string(model) + R"(","max_tokens":500,"messages":[{"role":"user","content":")" +
         std::string(prompt) + "\"}]" + std::string(more) + "}";
}

struct Event {
  std::string name;
  json::object data;
};

std::vector<Event> events_of(const std::string& text) {
  std::vector<Event> events;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = text.find("\n\n", at);
    const auto line = text.find('\n', at);
    EXPECT_EQ(text.substr(at, 7), "event: ");
    EXPECT_EQ(text.substr(line + 1, 6), "data: ");
    events.push_back(
        {text.substr(at + 7, line - at - 7), json::parse(text.substr(line + 7, end - line - 7)).as_object()});
    EXPECT_EQ(view(events.back().data.at("type").as_string()), events.back().name);
    at = end + 2;
  }
  return events;
}

// Puts a stream back together the way a client does.
json::array assemble(const std::vector<Event>& events) {
  json::array content;
  std::string input;
  for (const auto& [name, data] : events) {
    if (name == "content_block_start") content.push_back(data.at("content_block"));
    if (name == "content_block_stop" && content.back().at("type") == "tool_use")
      content.back().as_object()["input"] = json::parse(std::exchange(input, ""));
    if (name != "content_block_delta") continue;
    auto& block = content.back().as_object();
    const auto& delta = data.at("delta").as_object();
    const auto type = string_or_empty(delta, "type");
    if (type == "text_delta") block["text"].as_string() += string_or_empty(delta, "text");
    if (type == "thinking_delta") block["thinking"].as_string() += string_or_empty(delta, "thinking");
    if (type == "signature_delta") block["signature"] = string_or_empty(delta, "signature");
    if (type == "input_json_delta") input += string_or_empty(delta, "partial_json");
  }
  return content;
}

constexpr std::string_view with_bash =
    R"(,"tools":[{"name":"Bash","input_schema":{"type":"object"}}],"thinking":{"type":"adaptive","display":"summarized"})";

TEST(Stream, says_the_same_as_the_document) {
  Api one;
  Api other;
  const auto document = one.ask(asking("run echo привет", with_bash)).json();
  const auto events =
      events_of(other.ask(asking("run echo привет", std::string(with_bash) + R"(,"stream":true)")).text);
  EXPECT_EQ(assemble(events), document.at("content").as_array());
  ASSERT_GE(events.size(), 5u);
  EXPECT_EQ(events.front().name, "message_start");
  EXPECT_EQ(events.back().name, "message_stop");
  const auto& start = events.front().data.at("message").as_object();
  EXPECT_EQ(start.at("id"), document.at("id"));
  EXPECT_EQ(start.at("usage").at("input_tokens"), document.at("usage").at("input_tokens"));
  const auto& end = events[events.size() - 2];
  EXPECT_EQ(end.name, "message_delta");
  EXPECT_EQ(end.data.at("usage").at("output_tokens"), document.at("usage").at("output_tokens"));
  EXPECT_EQ(end.data.at("delta").at("stop_reason"), "tool_use");
}

TEST(Stream, pings_once_after_the_first_block_began) {
  Api api;
  const auto events = events_of(api.ask(asking("hi", R"(,"stream":true)")).text);
  EXPECT_EQ(events[1].name, "content_block_start");
  EXPECT_EQ(events[2].name, "ping");
}

TEST(Stream, thinking_that_is_omitted_leaves_its_signature_only) {
  Api api;
  const auto events = events_of(
      api
          .ask(asking(
              "run ls",
              R"(,"stream":true,"tools":[{"name":"Bash","input_schema":{"type":"object"}}],"thinking":{"type":"adaptive"})"))
          .text);
  int thinking = 0;
  int signatures = 0;
  for (const auto& event : events)
    if (event.name == "content_block_delta") {
      thinking += event.data.at("delta").at("type") == "thinking_delta";
      signatures += event.data.at("delta").at("type") == "signature_delta";
    }
  EXPECT_EQ(thinking, 0);
  EXPECT_EQ(signatures, 1);
}

TEST(Stream, output_tokens_never_go_back) {
  Api api;
  const auto reply = api.start(asking("tell a long story of 200 words", R"(,"stream":true)"));
  std::int64_t before = 0;
  for (const auto& piece : reply.pieces) {
    EXPECT_GE(piece.output_tokens_so_far, before);
    before = piece.output_tokens_so_far;
  }
  EXPECT_EQ(before, api.world.ledger.entries()[0].usage.output);
}

TEST(Answer, stops_at_max_tokens) {
  Api api;
  const std::string body =
      R"({"model":"claude-opus-5-5","max_tokens":40,"messages":[{"role":"user","content":"tell a long story of 500 words"}]})";
  const auto got = api.ask(body).json();
  EXPECT_EQ(got.at("stop_reason"), "max_tokens");
  EXPECT_EQ(number(got.at("usage").as_object(), "output_tokens"), 40);
  EXPECT_FALSE(got.at("content").as_array().empty());
}

TEST(Answer, stops_at_a_stop_sequence) {
  Api api;
  const auto got = api.ask(asking("hello there", R"(,"stop_sequences":["nowhere","answers"])")).json();
  EXPECT_EQ(got.at("stop_reason"), "stop_sequence");
  EXPECT_EQ(got.at("stop_sequence"), "answers");
  EXPECT_EQ(got.at("content").at(0).at("text"), "The simulator ");
}

TEST(Answer, a_refusal_is_200_with_its_stop_reason) {
  Api api;
  const auto got = api.ask(asking("refuse")).json();
  EXPECT_EQ(got.at("stop_reason"), "refusal");
}

TEST(Answer, has_no_thinking_where_it_is_not_on) {
  Api api;
  const std::string tools = R"(,"tools":[{"name":"Bash","input_schema":{"type":"object"}}])";
  const auto first_type = [&](std::string_view model, const std::string& thinking) {
    return std::string(
        view(api.ask(asking("run ls", tools + thinking, model)).json().at("content").at(0).at("type").as_string()));
  };
  EXPECT_EQ(first_type("claude-opus-4-8", ""), "text");
  EXPECT_EQ(first_type("claude-opus-4-8", R"(,"thinking":{"type":"adaptive"})"), "thinking");
  EXPECT_EQ(first_type("claude-sonnet-5", R"(,"thinking":{"type":"disabled"})"), "text");
  EXPECT_EQ(first_type("claude-opus-5-5", ""), "thinking") << "always thinks";
}

TEST(Answer, an_alias_is_answered_by_the_model_it_stands_for) {
  Api api;
  EXPECT_EQ(api.ask(asking("hi", "", "claude-haiku-4-5")).json().at("model"), "claude-haiku-4-5-20251001");
  EXPECT_EQ(api.ask(asking("hi")).json().at("model"), "claude-opus-5-5");
}

TEST(Answer, ids_are_the_same_again_with_the_same_seed) {
  Api one;
  Api two;
  Api three(WorldConfig{.seed = 2});
  const auto id = one.ask(asking("hi")).json().at("id");
  EXPECT_EQ(two.ask(asking("hi")).json().at("id"), id);
  EXPECT_NE(three.ask(asking("hi")).json().at("id"), id);
  EXPECT_NE(one.ask(asking("hi")).json().at("id"), id);
}

TEST(Answer, errors_carry_their_request_id_in_body_and_header) {
  Api api;
  const auto got = api.ask("{}");
  EXPECT_EQ(view(got.json().at("request_id").as_string()), find_header(got.headers, "request-id"));
  EXPECT_TRUE(find_header(got.headers, "request-id").starts_with("req_01"));
}

TEST(RateLimits, plain_headers_for_keys_and_unified_ones_for_subscribers) {
  Api api;
  auto got = api.ask(asking("hi"));
  EXPECT_EQ(find_header(got.headers, "anthropic-ratelimit-requests-limit"), "4000");
  EXPECT_EQ(find_header(got.headers, "anthropic-ratelimit-requests-remaining"), "3999");
  EXPECT_FALSE(has_header(got.headers, "anthropic-ratelimit-unified-status"));
  api.betas = "oauth-2025-04-20";
  got = api.ask(asking("hi"), {{"authorization", "Bearer sk-ant-oat01-x"}});
  EXPECT_EQ(find_header(got.headers, "anthropic-ratelimit-unified-status"), "allowed");
  EXPECT_EQ(find_header(got.headers, "anthropic-ratelimit-unified-representative-claim"), "five_hour");
  EXPECT_FALSE(has_header(got.headers, "anthropic-ratelimit-requests-limit"));
}

TEST(RateLimits, an_empty_bucket_is_429_with_the_time_to_wait_and_fills_again) {
  Api api(WorldConfig{.limits = {.requests_per_minute = 2}});
  EXPECT_EQ(api.ask(asking("hi")).status, 200);
  EXPECT_EQ(api.ask(asking("hi")).status, 200);
  const auto got = api.ask(asking("hi"));
  EXPECT_EQ(got.status, 429);
  EXPECT_EQ(got.json().at("error").at("type"), "rate_limit_error");
  EXPECT_EQ(find_header(got.headers, "retry-after"), "30");
  api.clock.advance(30'000);
  EXPECT_EQ(api.ask(asking("hi")).status, 200);
}

TEST(RateLimits, cache_reads_do_not_count) {
  Api api(WorldConfig{.limits = {.input_per_minute = 1000}});
  const auto body = R"({"model":"claude-opus-5-5","max_tokens":9,"system":[{"type":"text","text":")" +
                    test::words(700) +
                    R"(","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"x"}]})";
  const auto remaining = [](const test::Got& got) {
    return std::stoll(std::string(find_header(got.headers, "anthropic-ratelimit-input-tokens-remaining")));
  };
  EXPECT_EQ(remaining(api.ask(body)), 1000);
  const auto after_write = remaining(api.ask(body));
  EXPECT_LT(after_write, 100);
  EXPECT_GT(remaining(api.ask(body)), after_write - 20);
}

TEST(RateLimits, a_spent_five_hour_window_rejects_until_it_ends) {
  Api api(WorldConfig{.limits = {.five_hour_budget = 1}});
  api.betas = "oauth-2025-04-20";
  const HeaderList token{{"authorization", "Bearer sk-ant-oat01-x"}};
  EXPECT_EQ(api.ask(asking("hi"), token).status, 200);
  const auto got = api.ask(asking("hi"), token);
  EXPECT_EQ(got.status, 429);
  EXPECT_EQ(find_header(got.headers, "anthropic-ratelimit-unified-status"), "rejected");
  EXPECT_EQ(find_header(got.headers, "retry-after"), "18001");
  api.clock.advance(5 * 3600 * 1000);
  EXPECT_EQ(api.ask(asking("hi"), token).status, 200);
}

TEST(Models, are_listed_with_limits_and_capabilities) {
  Api api;
  const auto list = api.ask("", {}, "/v1/models?limit=1000", "GET").json();
  EXPECT_EQ(list.at("has_more"), false);
  EXPECT_EQ(list.at("data").as_array().size(), ModelTable::builtin().all().size());
  const auto haiku = api.ask("", {}, "/v1/models/claude-haiku-4-5", "GET").json();
  EXPECT_EQ(haiku.at("id"), "claude-haiku-4-5-20251001");
  EXPECT_EQ(haiku.at("max_input_tokens"), 200000);
  EXPECT_EQ(haiku.at("max_tokens"), 64000);
  EXPECT_EQ(haiku.at("capabilities").at("thinking").at("types").at("adaptive").at("supported"), false);
  EXPECT_EQ(haiku.at("capabilities").at("effort").at("supported"), false);
  EXPECT_EQ(api.ask("", {}, "/v1/models/claude-9", "GET").status, 404);
}

TEST(Models, can_be_paged) {
  Api api;
  const auto first = api.ask("", {}, "/v1/models?limit=2", "GET").json();
  EXPECT_EQ(first.at("has_more"), true);
  const auto last_id = std::string(view(first.at("last_id").as_string()));
  const auto second = api.ask("", {}, "/v1/models?limit=2&after_id=" + last_id, "GET").json();
  EXPECT_NE(second.at("first_id"), first.at("first_id"));
  EXPECT_NE(second.at("first_id"), first.at("last_id"));
  EXPECT_EQ(api.ask("", {}, "/v1/models?limit=0", "GET").status, 400);
}

TEST(Routes, others_are_told_apart) {
  Api api;
  EXPECT_EQ(api.ask("", {}, "/api/hello", "HEAD").status, 200);
  EXPECT_EQ(api.ask("", {}, "/v1/nothing", "POST").status, 404);
  EXPECT_EQ(api.ask("", {}, "/v1/messages", "GET").status, 405);
}

}  // namespace
}  // namespace sim
