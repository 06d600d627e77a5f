// What the message layer costs per request. The bar: 80 us to scan 190 KB.
#include <benchmark/benchmark.h>

#include "message/conversation_hash.h"
#include "message/edit_plan.h"
#include "message/human_prompt.h"
#include "message/lane.h"
#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"

namespace distiq {
namespace {

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int kilobytes : {1, 50, 190, 1000}) bench->Arg(kilobytes * 1000);
}

std::string body_of(benchmark::State& state) {
  return sample_body(static_cast<std::size_t>(state.range(0)));
}

void finish(benchmark::State& state, const std::string& body) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
  state.SetLabel(fmt::format("{} bytes", body.size()));
}

void scan(benchmark::State& state) {
  const std::string body = body_of(state);
  for (auto _ : state) {
    const auto view = scan_request(body);
    if (!view || view->messages.size() < 2) state.SkipWithError("scan failed");
    benchmark::DoNotOptimize(view);
  }
  finish(state, body);
}
BENCHMARK(scan)->Apply(sizes);

// The next request of a conversation: one more step behind what was there before.
void rescan(benchmark::State& state) {
  const std::string earlier = body_of(state);
  std::string body = earlier;
  body.insert(body.find("],\"system\""), sample_step(999, 3000));
  const auto before = scan_request(earlier);
  for (auto _ : state) {
    const auto view = scan_request(body, {}, &*before);
    if (!view || view->messages.size() < 3) state.SkipWithError("scan failed");
    benchmark::DoNotOptimize(view);
  }
  finish(state, body);
}
BENCHMARK(rescan)->Apply(sizes);

void prompt(benchmark::State& state) {
  const std::string body = body_of(state);
  const auto view = scan_request(body);
  for (auto _ : state) {
    const HumanPrompt found = find_human_prompt(*view);
    if (found.parts.size() != 1) state.SkipWithError("prompt not found");
    benchmark::DoNotOptimize(found);
  }
  finish(state, body);
}
BENCHMARK(prompt)->Apply(sizes);

void lane_by_session(benchmark::State& state) {
  const std::string body = body_of(state);
  const auto view = scan_request(body);
  RequestHead head;
  head.target = "/v1/messages?beta=true";
  head.headers.add("X-Claude-Code-Session-Id", "b762938b-5721-4bb3-b5be-3ad51ea5a32b");
  for (auto _ : state) benchmark::DoNotOptimize(identify_lane(head, &*view));
  finish(state, body);
}
BENCHMARK(lane_by_session)->Apply(sizes);

void lane_by_content(benchmark::State& state) {
  const std::string body = body_of(state);
  const auto view = scan_request(body);
  for (auto _ : state) benchmark::DoNotOptimize(conversation_hash(*view));
  finish(state, body);
}
BENCHMARK(lane_by_content)->Apply(sizes);

void splice_model(benchmark::State& state) {
  const std::string body = body_of(state);
  const auto view = scan_request(body);
  for (auto _ : state) {
    EditPlan plan;
    if (!plan_model(plan, *view, "claude-haiku-5-5", "bench")) state.SkipWithError("not planned");
    const auto result = plan.apply(body);
    if (!result || result->pieces.size() != 3) state.SkipWithError("not applied");
    benchmark::DoNotOptimize(result);
  }
  finish(state, body);
}
BENCHMARK(splice_model)->Apply(sizes);

}  // namespace
}  // namespace distiq
