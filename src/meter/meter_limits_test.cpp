// What the meter may cost: bombs, and many coded streams at once.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "meter/test_coding.h"
#include "meter/usage_meter.h"
#include "meter/window_share.h"

namespace distiq {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kSanitizerFactor = 10;  // shadow memory, red zones and quarantine are not ours
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::size_t kSanitizerFactor = 10;
#else
constexpr std::size_t kSanitizerFactor = 1;
#endif
#else
constexpr std::size_t kSanitizerFactor = 1;
#endif

ResponseHead stream_head(std::string_view coding) {
  ResponseHead head;
  head.headers.add("content-type", "text/event-stream");
  head.headers.add("content-encoding", coding);
  return head;
}

std::string start_event() {
  return "event: message_start\n"
         R"(data: {"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":5,"output_tokens":1}}})"
         "\n\n";
}

std::string stop_event() {
  return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}

TEST(meter_limits, decompression_bomb_is_given_up_and_marked) {
  const std::string bomb = start_event() + ":" + std::string(std::size_t{64} << 20U, '0') + "\n" + stop_event();
  for (const char* coding : {"gzip", "br", "zstd"}) {
    SCOPED_TRACE(coding);
    const std::string body = encode_for_test(bomb, coding);
    ASSERT_LT(body.size() * 256, bomb.size());
    UsageMeter meter(stream_head(coding));
    meter.observe(body);
    const UsageReport report = *meter.finish(true);
    EXPECT_TRUE(report.seen) << "what came before it is known";
    EXPECT_FALSE(report.complete);
  }
}

TEST(meter_limits, well_compressed_answer_is_no_bomb) {
  std::string text = start_event();
  for (int i = 0; i < 40'000; ++i) {
    text += "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"" +
            std::to_string(i * 7919 % 10'007) + "\"}}\n\n";
  }
  text += stop_event();
  for (const char* coding : {"gzip", "br", "zstd"}) {
    UsageMeter meter(stream_head(coding));
    meter.observe(encode_for_test(text, coding));
    EXPECT_TRUE(meter.finish(true)->complete) << coding;
  }
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// 256 streams may take 100 MB in all, sockets and buffers included.
TEST(meter_limits, coded_streams_256_at_once_fit_the_memory_bar) {
  std::string text = start_event();
  std::uint32_t noise = 1;
  while (text.size() < 200'000) {
    text +=
        "event: content_block_delta\ndata: "
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"";
    for (int i = 0; i < 24; ++i) {
      noise = noise * 1664525U + 1013904223U;
      text += static_cast<char>('a' + (noise >> 24U) % 26);
    }
    text += "\"}}\n\n";
  }
  for (const char* coding : {"gzip", "br", "zstd"}) {
    // As servers that stream do it: a large window is announced although little will come.
    const std::string body = encode_for_test(text, coding, coding == std::string_view("gzip") ? 0 : 22);
    malloc_trim(0);
    const std::size_t before = resident_bytes();
    std::vector<UsageMeter> meters;
    for (int i = 0; i < 256; ++i) {
      meters.emplace_back(stream_head(coding));
      for (std::size_t at = 0; at + 500 < body.size(); at += 500)
        meters.back().observe(std::string_view(body).substr(at, 500));
    }
    const std::size_t taken = resident_bytes() - std::min(before, resident_bytes());
    RecordProperty(std::string("resident_kb_") + coding, static_cast<int>(taken / 1024));
    EXPECT_LT(taken, (std::size_t{62} << 20U) * kSanitizerFactor) << coding;
    for (UsageMeter& meter : meters) ASSERT_TRUE(meter.finish(false)->seen);
  }
}

TEST(meter_limits, decoders_share_one_budget_and_give_it_back) {
  // 3 MB of text that hardly shrinks: its window is full of it.
  std::string text = start_event();
  std::uint32_t noise = 1;
  while (text.size() < 3'000'000) {
    text += ":";
    for (int i = 0; i < 100; ++i) {
      noise = noise * 1664525U + 1013904223U;
      text += static_cast<char>('0' + (noise >> 24U) % 64);
    }
    text += "\n";
  }
  text += stop_event();
  const std::string body = encode_for_test(text, "br", 22);
  for (int round = 0; round < 2; ++round) {
    std::vector<UsageMeter> meters;
    int complete = 0;
    for (int i = 0; i < 30; ++i) {
      meters.emplace_back(stream_head("br"));
      meters.back().observe(body);
      complete += meters.back().finish(true)->complete ? 1 : 0;
    }
    EXPECT_EQ(complete, static_cast<int>(WindowShare::kMaxTotalBytes / 3'000'000));
  }
}

}  // namespace
}  // namespace distiq
