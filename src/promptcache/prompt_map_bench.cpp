// What the shadow cache costs per request. The bar: 60 us to map 190 KB.
#include <benchmark/benchmark.h>

#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"
#include "promptcache/cache_worlds.h"

namespace distiq {
namespace {

RequestHead head_of_sample() {
  RequestHead head;
  head.target = "/v1/messages?beta=true";
  head.headers.add("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14,oauth-2025-04-20");
  return head;
}

void map(benchmark::State& state) {
  const std::string body = sample_body(static_cast<std::size_t>(state.range(0)));
  const auto view = scan_request(body);
  const RequestHead head = head_of_sample();
  for (auto _ : state) {
    const PromptMap made = map_prompt(*view, head);
    if (made.breakpoints.empty()) state.SkipWithError("no breakpoints");
    benchmark::DoNotOptimize(made);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(map)->Arg(50'000)->Arg(190'000)->Arg(1'000'000);

// One request's whole way in a lane whose past is known: three forecasts, sent, began, settled.
void one_request(benchmark::State& state) {
  const std::string body = sample_body(static_cast<std::size_t>(state.range(0)));
  const auto view = scan_request(body);
  const PromptMap map = map_prompt(*view, head_of_sample());
  const PriceTable& table = PriceTable::builtin();
  const ModelInfo* opus = table.find("opus");
  CacheWorlds worlds;
  MonotonicTime now{std::chrono::hours(2)};
  for (auto _ : state) {
    ModelPrompts prompt(map);
    for (const char* tier : {"opus", "sonnet", "haiku"})
      benchmark::DoNotOptimize(worlds.forecast({"account", table.find(tier)}, prompt, now));
    CacheTicket ticket = worlds.sent({"account", opus, opus, &prompt, &prompt}, now);
    worlds.answer_began(ticket);
    benchmark::DoNotOptimize(
        worlds.settle(ticket, {.input = 10, .cache_read = 40'000, .cache_write_5m = 500, .output = 700}));
    now += std::chrono::seconds(10);
  }
}
BENCHMARK(one_request)->Arg(50'000)->Arg(190'000);

}  // namespace
}  // namespace distiq
