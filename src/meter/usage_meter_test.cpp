#include "meter/usage_meter.h"

#include <gtest/gtest.h>

#include <string>

#include "meter/test_coding.h"

namespace distiq {
namespace {

ResponseHead head_of(std::string_view content_type, std::string_view coding = {}, int status = 200) {
  ResponseHead head;
  head.status = status;
  head.headers.add("content-type", content_type);
  if (!coding.empty()) head.headers.add("Content-Encoding", coding);
  return head;
}

const std::string kStream =
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"model":"claude-sonnet-5-5","id":"msg_01","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":11,"cache_creation_input_tokens":300,"cache_read_input_tokens":4000,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"service_tier":"standard","inference_geo":"not_available","output_tokens":1}}})"
    "\n\n"
    "event: content_block_start\n"
    R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
    "\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
    "event: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}})"
    "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":11,"cache_creation_input_tokens":300,"cache_read_input_tokens":4000,"output_tokens":57,"server_tool_use":{"web_search_requests":2}}})"
    "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

const TokenUsage kStreamUsage = {
    .input = 11, .cache_read = 4000, .cache_write_5m = 100, .cache_write_1h = 200, .output = 57, .web_searches = 2};

UsageReport meter_in_pieces(const ResponseHead& head, std::string_view body, std::size_t step, bool clean = true) {
  UsageMeter meter(head);
  for (std::size_t at = 0; at < body.size(); at += step) meter.observe(body.substr(at, step));
  return *meter.finish(clean);
}

void expect_stream_report(const UsageReport& report) {
  EXPECT_TRUE(report.seen);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.message_id, "msg_01");
  EXPECT_EQ(report.model, "claude-sonnet-5-5");
  EXPECT_EQ(report.stop_reason, "end_turn");
  EXPECT_EQ(report.service_tier, "standard");
  EXPECT_EQ(report.inference_geo, "not_available");
  EXPECT_EQ(report.total, kStreamUsage);
}

TEST(usage_meter, stream_is_the_same_for_every_split) {
  const ResponseHead head = head_of("text/event-stream; charset=utf-8");
  expect_stream_report(meter_in_pieces(head, kStream, 1));
  for (std::size_t at = 0; at <= kStream.size(); ++at) {
    UsageMeter meter(head);
    meter.observe(std::string_view(kStream).substr(0, at));
    meter.observe(std::string_view(kStream).substr(at));
    const UsageReport report = *meter.finish(true);
    ASSERT_EQ(report.total, kStreamUsage) << at;
    ASSERT_TRUE(report.complete) << at;
  }
}

TEST(usage_meter, encoded_stream_is_the_same_for_every_split) {
  for (const char* coding : {"gzip", "deflate", "raw-deflate", "br", "zstd"}) {
    SCOPED_TRACE(coding);
    const std::string body = encode_for_test(kStream, coding);
    const ResponseHead head =
        head_of("text/event-stream", coding == std::string_view("raw-deflate") ? "deflate" : coding);
    expect_stream_report(meter_in_pieces(head, body, 1));
    for (std::size_t at = 0; at <= body.size(); ++at) {
      UsageMeter meter(head);
      meter.observe(std::string_view(body).substr(0, at));
      meter.observe(std::string_view(body).substr(at));
      const UsageReport report = *meter.finish(true);
      ASSERT_EQ(report.total, kStreamUsage) << at;
      ASSERT_TRUE(report.complete) << at;
    }
  }
}

UsageReport meter_whole(const ResponseHead& head, std::string_view body, bool clean = true) {
  return meter_in_pieces(head, body, body.size() + 1, clean);
}

UsageReport meter_events(std::string_view events, bool clean = true) {
  return meter_whole(head_of("text/event-stream"), events, clean);
}

std::string event(std::string_view name, std::string_view data) {
  return "event: " + std::string(name) + "\ndata: " + std::string(data) + "\n\n";
}

std::string start_event(std::string_view usage) {
  return event("message_start",
               R"({"type":"message_start","message":{"id":"msg_1","model":"claude-opus-5-5","usage":)" +
                   std::string(usage) + "}}");
}

std::string delta_event(std::string_view usage, std::string_view delta = R"({"stop_reason":"end_turn"})") {
  return event("message_delta",
               R"({"type":"message_delta","delta":)" + std::string(delta) + R"(,"usage":)" + std::string(usage) + "}");
}

const std::string kStop = event("message_stop", R"({"type":"message_stop"})");

TEST(usage_meter, crlf_and_nameless_streams_are_metered_alike) {
  std::string crlf;
  for (const char c : kStream) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  expect_stream_report(meter_events(crlf));

  std::string nameless;
  for (std::size_t at = 0; at < kStream.size();) {
    const std::size_t end = kStream.find('\n', at);
    const std::string line = kStream.substr(at, end - at + 1);
    if (!line.starts_with("event:")) nameless += line;
    at = end + 1;
  }
  expect_stream_report(meter_events(nameless));
}

TEST(usage_meter, later_counts_replace_earlier_ones) {
  const UsageReport report =
      meter_events(start_event(R"({"input_tokens":5,"output_tokens":1})") + delta_event(R"({"output_tokens":10})") +
                   delta_event(R"({"output_tokens":25,"input_tokens":7})") + kStop);
  EXPECT_EQ(report.total.output, 25U);
  EXPECT_EQ(report.total.input, 7U);
  EXPECT_TRUE(report.complete);
}

TEST(usage_meter, null_and_absent_counts_leave_what_was_known) {
  const UsageReport report = meter_events(
      start_event(R"({"input_tokens":5,"cache_read_input_tokens":9,"cache_creation":null,"server_tool_use":null})") +
      delta_event(R"({"output_tokens":3,"input_tokens":null,"cache_read_input_tokens":null})") + kStop);
  EXPECT_EQ(report.total, (TokenUsage{.input = 5, .cache_read = 9, .output = 3}));
  EXPECT_TRUE(report.complete);
}

TEST(usage_meter, cache_writes_by_lifetime) {
  const auto written = [](std::string_view start, std::string_view delta) {
    const TokenUsage usage = meter_events(start_event(start) + delta_event(delta) + kStop).total;
    return std::pair(usage.cache_write_5m, usage.cache_write_1h);
  };
  using Pair = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_EQ(written(R"({"cache_creation_input_tokens":30})", "{}"), Pair(30, 0))
      << "no parts: the API's default lifetime";
  EXPECT_EQ(written(R"({"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}})", "{}"),
            Pair(10, 20));
  const char* both =
      R"({"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}})";
  EXPECT_EQ(written(both, R"({"cache_creation_input_tokens":30})"), Pair(10, 20));
  EXPECT_EQ(written(both, R"({"cache_creation_input_tokens":45})"), Pair(25, 20))
      << "a newer sum: what is new counts as 5m";
  EXPECT_EQ(written(both, R"({"cache_creation_input_tokens":15})"), Pair(0, 15));
  const char* only_1h =
      R"({"cache_creation_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":20}})";
  EXPECT_EQ(written(only_1h, R"({"cache_creation_input_tokens":45})"), Pair(0, 45))
      << "all was 1h so far: so is the rest";
}

TEST(usage_meter, iterations_tiers_speed_and_server_tools) {
  const UsageReport report = meter_events(
      start_event(R"({"input_tokens":5,"service_tier":"priority","inference_geo":"us","speed":"fast"})") +
      delta_event(
          R"({"input_tokens":5,"output_tokens":3,"server_tool_use":{"web_search_requests":1,"web_fetch_requests":2,"code_execution_requests":3},)"
          R"("iterations":[{"type":"compaction","input_tokens":100,"output_tokens":40,"cache_creation":{"ephemeral_1h_input_tokens":7}},)"
          R"({"type":"message","model":"claude-opus-5-5","input_tokens":5,"output_tokens":3,"cache_read_input_tokens":6}]})") +
      kStop);
  EXPECT_EQ(report.service_tier, "priority");
  EXPECT_EQ(report.inference_geo, "us");
  EXPECT_EQ(report.speed, "fast");
  EXPECT_EQ(report.total.web_searches, 1U);
  EXPECT_EQ(report.total.web_fetches, 2U);
  EXPECT_EQ(report.total.code_executions, 3U);
  ASSERT_EQ(report.iterations.size(), 2U);
  EXPECT_EQ(report.iterations[0].type, "compaction");
  EXPECT_EQ(report.iterations[0].model, "");
  EXPECT_EQ(report.iterations[0].tokens, (TokenUsage{.input = 100, .cache_write_1h = 7, .output = 40}));
  EXPECT_EQ(report.iterations[1].model, "claude-opus-5-5");
  EXPECT_EQ(report.iterations[1].tokens, (TokenUsage{.input = 5, .cache_read = 6, .output = 3}));
  EXPECT_TRUE(report.complete);
}

TEST(usage_meter, counts_newer_than_the_iterations_make_the_report_incomplete) {
  const std::string iterations = R"({"output_tokens":3,"iterations":[{"type":"message","output_tokens":3}]})";
  EXPECT_TRUE(meter_events(start_event("{}") + delta_event(iterations) + delta_event(R"({"output_tokens":3})") + kStop)
                  .complete);
  EXPECT_FALSE(meter_events(start_event("{}") + delta_event(iterations) + delta_event(R"({"output_tokens":9})") + kStop)
                   .complete);
}

TEST(usage_meter, server_side_fallback_names_the_model_that_answered) {
  const UsageReport report = meter_events(
      start_event(R"({"input_tokens":5})") +
      delta_event(
          R"({"iterations":[{"type":"message","model":"claude-opus-5-5"},{"type":"fallback_message","model":"claude-opus-4-8"}]})") +
      kStop);
  EXPECT_EQ(report.model, "claude-opus-4-8");
}

TEST(usage_meter, refusal_carries_its_category) {
  const UsageReport report =
      meter_events(start_event(R"({"input_tokens":5})") +
                   delta_event(R"({"output_tokens":0})",
                               R"({"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber"}})") +
                   kStop);
  EXPECT_EQ(report.stop_reason, "refusal");
  EXPECT_EQ(report.refusal_category, "cyber");
  EXPECT_EQ(
      meter_whole(
          head_of("application/json"),
          R"({"type":"message","stop_reason":"refusal","stop_details":{"category":"bio"},"usage":{"input_tokens":4}})")
          .refusal_category,
      "bio");
}

TEST(usage_meter, absurd_or_malformed_counts_are_ignored_and_marked) {
  for (const char* bad : {"-1", "1.5", "\"7\"", "true", "[]", "99999999999999999999", "1000000001"}) {
    SCOPED_TRACE(bad);
    const UsageReport report = meter_events(start_event(R"({"input_tokens":5,"output_tokens":1})") +
                                            delta_event(R"({"output_tokens":)" + std::string(bad) + "}") + kStop);
    EXPECT_TRUE(report.seen);
    EXPECT_EQ(report.total, (TokenUsage{.input = 5, .output = 1}));
    EXPECT_FALSE(report.complete);
  }
}

TEST(usage_meter, too_many_iterations_are_cut_and_marked) {
  std::string list;
  for (int i = 0; i < 300; ++i) list += std::string(i == 0 ? "" : ",") + R"({"type":"message","output_tokens":1})";
  const UsageReport report = meter_events(start_event("{}") + delta_event(R"({"iterations":[)" + list + "]}") + kStop);
  EXPECT_EQ(report.iterations.size(), 256U);
  EXPECT_FALSE(report.complete);
}

TEST(usage_meter, stream_cut_anywhere_is_metered_as_far_as_known) {
  const ResponseHead head = head_of("text/event-stream");
  const std::size_t start_ends = kStream.find("\n\n") + 2;
  const std::size_t delta_ends = kStream.rfind("event: message_stop");
  for (std::size_t at = 0; at < kStream.size(); ++at) {
    const UsageReport report = meter_whole(head, kStream.substr(0, at), false);
    ASSERT_FALSE(report.complete) << at;
    ASSERT_EQ(report.seen, at >= start_ends) << at;
    const std::uint64_t known = at >= delta_ends ? 57 : at >= start_ends ? 1 : 0;
    ASSERT_EQ(report.total.output, known) << at;
  }
}

TEST(usage_meter, usage_is_final_at_message_stop_however_the_connection_ends) {
  EXPECT_TRUE(meter_events(kStream, false).complete);
  // Claude Code accepts a stream without message_stop, if it ends cleanly after its stop reason.
  const std::string no_stop = kStream.substr(0, kStream.rfind("event: message_stop"));
  EXPECT_TRUE(meter_events(no_stop, true).complete);
  EXPECT_FALSE(meter_events(no_stop, false).complete);
  EXPECT_FALSE(meter_events(no_stop.substr(0, no_stop.rfind("event: message_delta")), true).complete);
}

TEST(usage_meter, error_event_is_named_and_ends_completeness) {
  const std::string error =
      event("error", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  UsageReport report = meter_events(error);
  EXPECT_EQ(report.error_type, "overloaded_error");
  EXPECT_FALSE(report.seen);
  EXPECT_FALSE(report.complete);
  report = meter_events(start_event(R"({"input_tokens":5,"output_tokens":1})") + error);
  EXPECT_EQ(report.error_type, "overloaded_error");
  EXPECT_TRUE(report.seen);
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(meter_events(event("error", R"({"type":"error"})")).error_type, "error");
}

const std::string kAnswer =
    R"({"id":"msg_7","type":"message","role":"assistant","model":"claude-haiku-5-5","content":[{"type":"text","text":"\"usage\":{\"input_tokens\":666} {[\\"}],)"
    "\n  "
    R"("stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":4,"cache_read_input_tokens":3,"output_tokens":9,"service_tier":"standard"},"context_management":{}})";

TEST(usage_meter, json_answer_is_the_same_for_every_split) {
  const ResponseHead head = head_of("application/json");
  for (std::size_t at = 0; at <= kAnswer.size(); ++at) {
    UsageMeter meter(head);
    meter.observe(std::string_view(kAnswer).substr(0, at));
    meter.observe(std::string_view(kAnswer).substr(at));
    const UsageReport report = *meter.finish(true);
    ASSERT_EQ(report.total, (TokenUsage{.input = 12, .cache_read = 3, .cache_write_5m = 4, .output = 9})) << at;
    ASSERT_EQ(report.message_id, "msg_7");
    ASSERT_EQ(report.model, "claude-haiku-5-5");
    ASSERT_EQ(report.stop_reason, "end_turn");
    ASSERT_TRUE(report.complete);
  }
  EXPECT_EQ(meter_in_pieces(head, kAnswer, 1).total.output, 9U);
}

// Members that nobody asks for.
std::string padding(int count) {
  std::string members;
  for (int i = 0; i < count; ++i) members += "\"x" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  return members;
}

TEST(usage_meter, members_are_found_however_many_stand_before_them) {
  for (const int count : {0, 14, 15, 16, 17, 40}) {
    const std::string body =
        "{" + padding(count) + R"("id":"msg_1","usage":{)" + padding(count) + R"("output_tokens":9}})";
    for (const std::size_t step : {std::size_t{1}, body.size()}) {
      const UsageReport report = meter_in_pieces(head_of("application/json"), body, step);
      EXPECT_EQ(report.total.output, 9U) << count << ", step " << step;
      EXPECT_EQ(report.message_id, "msg_1") << count << ", step " << step;
      EXPECT_TRUE(report.complete) << count << ", step " << step;
    }
  }
}

TEST(usage_meter, json_answer_in_one_piece_is_what_it_is_in_many) {
  const struct {
    std::string what;
    std::string body;
    std::uint64_t output;
    bool complete;
  } cases[] = {
      {"plain", kAnswer, 9, true},
      {"the last of a repeated member counts", R"({"usage":{"output_tokens":1},"usage":{"output_tokens":2}})", 2, true},
      {"a name in escapes is another name", R"({"usage":{"output_tokens":1},"\u0075sage":{"output_tokens":2}})", 1,
       true},
      {"what is skipped may be anything", R"({"content":[tru],"usage":{"output_tokens":3}})", 3, true},
      {"what follows the object does not count", R"({"usage":{"output_tokens":4}}{"usage":{"output_tokens":5}})", 4,
       true},
      {"the end of an inner object is no end", R"({"usage":{"output_tokens":6})", 0, false},
      {"blanks around it", " {\"usage\":{\"output_tokens\":7}}\n", 7, true},
      {"deeper than the parser goes",
       R"({"content":)" + std::string(2000, '[') + std::string(2000, ']') + R"(,"usage":{"output_tokens":8}})", 8,
       true},
  };
  for (const auto& c : cases) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, c.body.size()}) {
      const UsageReport report = meter_in_pieces(head_of("application/json"), c.body, step);
      EXPECT_EQ(report.total.output, c.output) << c.what << ", step " << step;
      EXPECT_EQ(report.complete, c.complete) << c.what << ", step " << step;
    }
  }
}

TEST(usage_meter, json_answer_cut_before_its_end_is_never_complete) {
  const std::size_t usage_ends = kAnswer.find(R"(,"context_management")");
  for (std::size_t at = 0; at < kAnswer.size(); ++at) {
    const UsageReport report = meter_whole(head_of("application/json"), kAnswer.substr(0, at), true);
    ASSERT_FALSE(report.complete && at > 0) << at;
    ASSERT_EQ(report.seen, at > usage_ends) << at;
  }
}

TEST(usage_meter, json_answer_may_be_larger_than_any_buffer) {
  std::string answer =
      R"({"id":"msg_7","content":")" + std::string(3'000'000, 'x') + R"(","usage":{"output_tokens":9}})";
  const UsageReport report = meter_in_pieces(head_of("application/json"), answer, 16'384);
  EXPECT_EQ(report.total.output, 9U);
  EXPECT_TRUE(report.complete);
}

TEST(usage_meter, error_envelopes_and_count_tokens_are_not_billed) {
  const UsageReport error =
      meter_whole(head_of("application/json", "", 529),
                  R"({"type":"error","error":{"type":"overloaded_error","message":"x"},"request_id":"req_1"})");
  EXPECT_EQ(error.error_type, "overloaded_error");
  EXPECT_FALSE(error.seen);
  EXPECT_TRUE(error.complete);

  const UsageReport counted = meter_whole(head_of("application/json"), R"({"input_tokens":68})");
  EXPECT_FALSE(counted.seen);
  EXPECT_EQ(counted.total, TokenUsage{});
}

TEST(usage_meter, usage_of_another_api_is_not_taken_for_ours) {
  const UsageReport report =
      meter_whole(head_of("application/json"),
                  R"({"id":"chatcmpl-1","model":"x","usage":{"prompt_tokens":7,"completion_tokens":2}})");
  EXPECT_FALSE(report.seen);
}

TEST(usage_meter, other_media_types_are_not_looked_into) {
  for (const char* type : {"text/html", "application/octet-stream", "application/x-jsonl", ""}) {
    const UsageReport report = meter_whole(head_of(type), kAnswer + kStream);
    EXPECT_FALSE(report.seen) << type;
    EXPECT_TRUE(report.complete) << type;
  }
}

TEST(usage_meter, what_cannot_be_decoded_is_marked) {
  const std::string gzip = encode_for_test(kStream, "gzip");
  EXPECT_FALSE(meter_whole(head_of("text/event-stream", "gzip"), kStream).complete) << "not gzip at all";
  EXPECT_FALSE(meter_whole(head_of("text/event-stream", "gzip, br"), gzip).complete) << "two codings";
  EXPECT_FALSE(meter_whole(head_of("text/event-stream", "compress"), gzip).complete) << "unknown coding";
  EXPECT_FALSE(meter_whole(head_of("text/event-stream", "gzip"), gzip.substr(0, gzip.size() / 2)).complete);
  for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
    SCOPED_TRACE(coding);
    std::string body = encode_for_test(kStream, coding);
    body[body.size() / 2] = static_cast<char>(body[body.size() / 2] ^ 0x55);
    UsageMeter meter(head_of("text/event-stream", coding));
    meter.observe(body);
    meter.observe(body);
    (void)meter.finish(true);
  }
}

TEST(usage_meter, coded_answer_that_lacks_only_its_last_bytes_is_cut) {
  // The events are all there; the coding's own end is not. Usage is final after message_stop all the same.
  const std::string gzip = encode_for_test(kStream, "gzip");
  const UsageReport report = meter_whole(head_of("text/event-stream", "gzip"), gzip.substr(0, gzip.size() - 4));
  EXPECT_EQ(report.total, kStreamUsage);
  EXPECT_TRUE(report.complete);
  const std::string json = encode_for_test(kAnswer, "gzip");
  EXPECT_FALSE(meter_whole(head_of("application/json", "gzip"), json.substr(0, json.size() - 4)).complete);
}

TEST(usage_meter, oversized_event_costs_only_itself) {
  const std::string huge =
      event("message_delta", R"({"type":"message_delta","x":")" + std::string(100'000, 'x') + "\"}");
  const UsageReport report =
      meter_events(start_event(R"({"input_tokens":5})") + huge + delta_event(R"({"output_tokens":3})") + kStop);
  EXPECT_EQ(report.total, (TokenUsage{.input = 5, .output = 3}));
  EXPECT_FALSE(report.complete) << "it might have held usage";

  const std::string huge_block = event("content_block_start", std::string(100'000, 'x'));
  EXPECT_TRUE(meter_events(start_event("{}") + huge_block + delta_event("{}") + kStop).complete)
      << "this one could not";
}

TEST(usage_meter, long_texts_are_cut) {
  const std::string name(5000, 'm');
  const UsageReport report =
      meter_events(event("message_start", R"({"message":{"id":")" + name + R"(","model":")" + name + R"("}})"));
  EXPECT_EQ(report.message_id.size(), 128U);
  EXPECT_EQ(report.model.size(), 128U);
}

TEST(usage_meter, tells_what_the_client_has_seen) {
  UsageMeter meter(head_of("text/event-stream"));
  EXPECT_FALSE(meter.saw_event());
  meter.observe(kStream.substr(0, 20));
  EXPECT_FALSE(meter.saw_event());
  meter.observe(kStream.substr(20, kStream.find("\n\n") + 2 - 20));
  EXPECT_TRUE(meter.saw_event());
  EXPECT_FALSE(meter.saw_content());
  meter.observe(kStream.substr(kStream.find("\n\n") + 2));
  EXPECT_TRUE(meter.saw_content());
}

TEST(usage_meter, nothing_observed) {
  const UsageReport ended = *UsageMeter(head_of("text/event-stream")).finish(true);
  EXPECT_FALSE(ended.seen);
  EXPECT_FALSE(ended.complete) << "an empty stream is not an answer";
  EXPECT_FALSE(UsageMeter(head_of("application/json")).finish(true)->complete);
  EXPECT_TRUE(UsageMeter(head_of("text/html")).finish(true)->complete);
}

}  // namespace
}  // namespace distiq
