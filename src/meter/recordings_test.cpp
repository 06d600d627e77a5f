// The meter against recorded answers (tests/recordings): what it reports must be what a plain text search finds in
// them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <string>

#include "meter/test_coding.h"
#include "meter/usage_meter.h"

namespace distiq {
namespace {

struct Recording {
  int status = 0;
  std::string content_type;
  std::string body;
};

std::string first_match(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

// "# +12ms 34B" is followed by the 34 bytes of one write; other lines that begin with "# " are notes. nullopt: the
// recording holds sizes instead of bytes.
std::optional<Recording> read_recording(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string raw{std::istreambuf_iterator<char>(file), {}};
  Recording recording;
  recording.status = std::atoi(first_match(raw, "^# HTTP (\\d+)").c_str());
  recording.content_type = first_match(raw, R"("content-type":"([^"]*)\")");
  const std::regex write_note("# \\+\\d+ms (\\d+)B\n");
  auto at = raw.cbegin();
  std::smatch match;
  while (std::regex_search(at, raw.cend(), match, write_note)) {
    const auto size = std::stol(match[1].str());
    at = match[0].second;
    const std::string_view rest(&*at, static_cast<std::size_t>(raw.cend() - at));
    if (rest.starts_with('<') && rest.substr(0, 40).find(" bytes ") != std::string_view::npos) return std::nullopt;
    const auto end = at + std::min<std::ptrdiff_t>(size, raw.cend() - at);
    recording.body.append(at, end);
    at = end;
  }
  return recording;
}

// The newest value of a counter, wherever it stands.
std::uint64_t last_count(const std::string& body, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t at = body.rfind(key);
  return at == std::string::npos ? 0 : std::strtoull(body.c_str() + at + key.size(), nullptr, 10);
}

UsageReport meter(const Recording& recording, std::string_view body, std::string_view coding, std::size_t step) {
  ResponseHead head;
  head.status = recording.status;
  head.headers.add("content-type", recording.content_type);
  if (!coding.empty()) head.headers.add("content-encoding", coding);
  UsageMeter usage_meter(head);
  for (std::size_t at = 0; at < body.size(); at += step) usage_meter.observe(body.substr(at, step));
  return *usage_meter.finish(true);
}

void expect_agrees_with_text(const Recording& recording, const UsageReport& report) {
  const std::string& body = recording.body;
  const bool has_usage = body.find("\"usage\":{\"input_tokens\"") != std::string::npos;
  const bool metered =
      recording.content_type.starts_with("text/event-stream") || recording.content_type == "application/json";
  EXPECT_EQ(report.seen, has_usage && metered);
  if (!report.seen) return;
  EXPECT_EQ(report.total.input, last_count(body, "input_tokens"));
  EXPECT_EQ(report.total.output, last_count(body, "output_tokens"));
  EXPECT_EQ(report.total.cache_read, last_count(body, "cache_read_input_tokens"));
  EXPECT_EQ(report.total.cache_write_5m + report.total.cache_write_1h, last_count(body, "cache_creation_input_tokens"));
  EXPECT_EQ(report.message_id, first_match(body, R"("id":"(msg_[^"]*)\")"));
  EXPECT_EQ(report.model, first_match(body, R"("model":"([^"]*)\")"));
}

TEST(meter_recordings, every_recorded_answer_in_pieces_and_codings) {
  int read = 0;
  int billed = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(DISTIQ_SOURCE_DIR "/tests/recordings/claude_code/transcripts")) {
    const auto recording = read_recording(entry.path());
    if (!recording.has_value()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++read;
    const UsageReport whole = meter(*recording, recording->body, "", recording->body.size() + 1);
    expect_agrees_with_text(*recording, whole);
    billed += whole.seen ? 1 : 0;
    for (const std::size_t step : {1U, 7U, 100U}) {
      const UsageReport in_pieces = meter(*recording, recording->body, "", step);
      EXPECT_EQ(in_pieces.total, whole.total);
      EXPECT_EQ(in_pieces.complete, whole.complete);
      EXPECT_EQ(in_pieces.error_type, whole.error_type);
    }
    for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
      const UsageReport decoded = meter(*recording, encode_for_test(recording->body, coding), coding, 10);
      EXPECT_EQ(decoded.total, whole.total) << coding;
      EXPECT_EQ(decoded.complete, whole.complete) << coding;
      EXPECT_EQ(decoded.stop_reason, whole.stop_reason) << coding;
    }
  }
  EXPECT_GE(read, 90);
  EXPECT_GE(billed, 40);
}

}  // namespace
}  // namespace distiq
