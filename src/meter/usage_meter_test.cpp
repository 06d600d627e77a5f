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

const TokenUsage kStreamUsage = {.input = 11,
                                 .cache_read = 4000,
                                 .cache_write_5m = 100,
                                 .cache_write_1h = 200,
                                 .output = 57,
                                 .web_searches = 2};

UsageReport meter_in_pieces(const ResponseHead& head, std::string_view body, std::size_t step, bool clean = true) {
  UsageMeter meter(head);
  for (std::size_t at = 0; at < body.size(); at += step) meter.observe(body.substr(at, step));
  return meter.finish(clean);
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
    const UsageReport report = meter.finish(true);
    ASSERT_EQ(report.total, kStreamUsage) << at;
    ASSERT_TRUE(report.complete) << at;
  }
}

TEST(usage_meter, encoded_stream_is_the_same_for_every_split) {
  for (const char* coding : {"gzip", "deflate", "raw-deflate", "br", "zstd"}) {
    SCOPED_TRACE(coding);
    const std::string body = encode_for_test(kStream, coding);
    const ResponseHead head = head_of("text/event-stream", coding == std::string_view("raw-deflate") ? "deflate" : coding);
    expect_stream_report(meter_in_pieces(head, body, 1));
    for (std::size_t at = 0; at <= body.size(); ++at) {
      UsageMeter meter(head);
      meter.observe(std::string_view(body).substr(0, at));
      meter.observe(std::string_view(body).substr(at));
      const UsageReport report = meter.finish(true);
      ASSERT_EQ(report.total, kStreamUsage) << at;
      ASSERT_TRUE(report.complete) << at;
    }
  }
}

}  // namespace
}  // namespace distiq
