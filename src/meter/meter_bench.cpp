// Time of the meter per SSE event: what a stream pays after each write to the client.
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "http/sse_splitter.h"
#include "meter/test_coding.h"
#include "meter/usage_meter.h"
#include "money/cost.h"

namespace distiq {
namespace {

constexpr int kDeltas = 1000;

ResponseHead head_of(std::string_view coding) {
  ResponseHead head;
  head.headers.add("content-type", "text/event-stream");
  if (!coding.empty()) head.headers.add("content-encoding", coding);
  return head;
}

std::string delta_event(int i) {
  return R"(event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word)" +
         std::to_string(i * 7919 % 10'007) + "\"}}\n\n";
}

std::string start_event() {
  return R"(event: message_start
data: {"type":"message_start","message":{"model":"claude-sonnet-5-5","id":"msg_01Z3OvqhjrsiRqGk1KBaQa","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":13433,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":13433,"ephemeral_1h_input_tokens":0},"service_tier":"standard","inference_geo":"not_available","output_tokens":1}}}

)";
}

std::string stream() {
  std::string text = start_event();
  for (int i = 0; i < kDeltas; ++i) text += delta_event(i);
  return text +
         "event: message_delta\ndata: "
         "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1000}}\n\n"
         "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}

void check(const UsageReport& report) {
  if (report.total.output != kDeltas || !report.complete) throw std::runtime_error("the meter saw something else");
}

// One event per observe(), as a stream comes.
void plain_event_by_event(benchmark::State& state) {
  const std::string start = stream();
  for (auto _ : state) {
    UsageMeter meter(head_of(""));
    std::string_view rest = start;
    while (!rest.empty()) {
      const std::size_t size = rest.find("\n\n") + 2;
      meter.observe(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    check(*meter.finish(true));
  }
  state.SetItemsProcessed(state.iterations() * (kDeltas + 3));
}
BENCHMARK(plain_event_by_event);

void coded(benchmark::State& state, const char* coding) {
  const std::string body = encode_for_test(stream(), coding);
  const std::size_t step = body.size() / kDeltas + 1;
  for (auto _ : state) {
    UsageMeter meter(head_of(coding));
    for (std::size_t at = 0; at < body.size(); at += step) meter.observe(std::string_view(body).substr(at, step));
    check(*meter.finish(true));
  }
  state.SetItemsProcessed(state.iterations() * (kDeltas + 3));
}
BENCHMARK_CAPTURE(coded, gzip, "gzip");
BENCHMARK_CAPTURE(coded, br, "br");
BENCHMARK_CAPTURE(coded, zstd, "zstd");

void first_event(benchmark::State& state) {
  const std::string start = start_event();
  for (auto _ : state) {
    UsageMeter meter(head_of(""));
    meter.observe(start);
    benchmark::DoNotOptimize(meter);
  }
}
BENCHMARK(first_event);

void charge_one_request(benchmark::State& state) {
  const UsageReport report = {
      .model = "claude-haiku-5-5", .total = {.input = 10, .cache_read = 40'000, .output = 500}, .seen = true};
  for (auto _ : state) benchmark::DoNotOptimize(charge(PriceTable::builtin(), report, "haiku"));
}
BENCHMARK(charge_one_request);

}  // namespace
}  // namespace distiq
