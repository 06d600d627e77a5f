// What a verdict costs: 20 KB of English, Russian, pasted code and a stack trace, and a short prompt. Budget: 50 us for
// 20 KB. A passage again and again is learned by the processor's predictor: varied_* are texts without repetition.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <fstream>
#include <sstream>
#include <string>

#include "judge/prompt_judge.h"

namespace distiq {
namespace {

std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += part;
  return text;
}

constexpr std::string_view english =
    "The report page stopped loading after the last release; sometimes it shows the old totals, sometimes nothing at "
    "all.\n"
    "Please find out why, and make sure that exports keep working for customers who have their own templates.\n";
constexpr std::string_view russian =
    "После последнего релиза страница отчётов перестала открываться; иногда видны старые итоги, иногда вообще ничего.\n"
    "Разберись, пожалуйста, почему так происходит, и проверь, что выгрузка у клиентов с собственными шаблонами не "
    "сломалась.\n";
constexpr std::string_view code =
    "```cpp\nfor (const auto& row : rows) {\n  if (!row.valid()) continue;\n  total += row.price * row.count;  // VAT "
    "is added later\n}\n```\n";
constexpr std::string_view trace =
    "TypeError: Cannot read properties of undefined (reading 'map')\n    at ProductList "
    "(src/components/ProductList.tsx:18:23)\n"
    "    at renderWithHooks (react-dom.development.js:16305:18)\n";

void judge_text(benchmark::State& state, const std::string& text) {
  const PatternJudge judge;
  for (auto _ : state) {
    const PromptVerdict verdict = judge.judge({.text = text});
    if (!verdict.has_task) state.SkipWithError("no task seen");
    benchmark::DoNotOptimize(verdict.difficulty);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

std::string file_text(const std::string& name) {
  std::ifstream file(DISTIQ_SOURCE_DIR "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Our labelled prompts, one a line.
std::string labelled(std::string_view lang, std::size_t bytes) {
  std::istringstream lines(file_text("data/prompts_labelled.jsonl"));
  simdjson::dom::parser parser;
  std::string text;
  for (std::string line; text.size() < bytes && std::getline(lines, line);) {
    const simdjson::dom::element row = parser.parse(line);
    if (std::string_view(row["lang"]) == lang) text += std::string(std::string_view(row["text"])) + '\n';
  }
  return text.substr(0, bytes);
}

constexpr std::size_t kLong = 20 * 1024;
BENCHMARK_CAPTURE(judge_text, english_20k, repeated(english, kLong))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, russian_20k, repeated(russian, kLong))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, code_20k, repeated(code, kLong))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, trace_20k, repeated(trace, kLong))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, varied_english_20k, labelled("en", kLong))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, varied_russian_20k, labelled("ru", kLong))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, varied_bare_code_20k, file_text("src/judge/prompt_shape.cpp").substr(0, kLong))
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, varied_markdown_20k, file_text("docs/simulator.md").substr(0, kLong))
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, english_200, repeated(english, 200))->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(judge_text, english_1m, repeated(english, 1024 * 1024))->Unit(benchmark::kMicrosecond);

void load_judge(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(PatternJudge());
}
BENCHMARK(load_judge)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace distiq
