// What a routing decision costs, patterns excluded. The bar: 20 us.
#include <benchmark/benchmark.h>

#include "message/request_scanner.h"
#include "message/sample_body_for_test.h"
#include "routing/legality.h"
#include "routing/question_for_test.h"

namespace distiq {
namespace {

void decide_at_lane_start(benchmark::State& state) {
  QuestionForTest question;
  for (auto _ : state) {
    const RouteDecision decision = question.decide();
    if (decision.serve->tier != "haiku") state.SkipWithError("not moved");
    benchmark::DoNotOptimize(decision);
  }
}
BENCHMARK(decide_at_lane_start);

// Every candidate priced and refused.
void decide_at_a_warm_turn(benchmark::State& state) {
  QuestionForTest question("fable", 50'000, 49'000);
  question.in_lane("fable");
  for (auto _ : state) {
    const RouteDecision decision = question.decide();
    if (decision.alternatives.size() != 4) state.SkipWithError("not all priced");
    benchmark::DoNotOptimize(decision);
  }
}
BENCHMARK(decide_at_a_warm_turn);

void go_on_in_a_loop(benchmark::State& state) {
  QuestionForTest question("opus", 50'000, 49'000);
  question.in_lane(state.range(0) == 0 ? "opus" : "haiku");
  question.q.turn = TurnKind::loop_step;
  for (auto _ : state) benchmark::DoNotOptimize(question.decide());
}
BENCHMARK(go_on_in_a_loop)->ArgName("moved")->Arg(0)->Arg(1);

void legality_and_struggle(benchmark::State& state) {
  const std::string body = sample_body(static_cast<std::size_t>(state.range(0)));
  const auto view = scan_request(body);
  RequestHead head;
  head.headers.add(
      "anthropic-beta",
      "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
      "per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,thinking-token-count-2026-05-13,"
      "advanced-tool-use-2025-11-20,effort-2025-11-24");
  const ModelInfo& opus = model_for_test("opus");
  for (auto _ : state) {
    for (const char* target : {"sonnet", "haiku"}) {
      benchmark::DoNotOptimize(check_target(*view, head, opus, model_for_test(target), 50'000));
    }
    benchmark::DoNotOptimize(find_struggle(*view));
  }
}
BENCHMARK(legality_and_struggle)->Arg(190'000)->Arg(1'000'000);

}  // namespace
}  // namespace distiq
