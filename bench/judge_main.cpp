// judge-lines: one JSON object with "text" (and "pictures") per line in, the judge's verdict per line out, in order.
// With --features the numbers that the model weighed too: what tools/tune_judge.py learns from.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "base/text.h"
#include "judge/judge_features.h"
#include "judge/judge_model.h"
#include "judge/objection.h"
#include "judge/prompt_judge.h"

namespace distiq::embedded {
extern const std::string_view judge_terms_json;
extern const std::string_view judge_weights_json;
}  // namespace distiq::embedded

namespace {

using namespace distiq;

std::string verdict_line(const PromptVerdict& verdict) {
  std::string out =
      fmt::format(R"({{"tier":"{}","difficulty":{},"confidence":{:.6f},"has_task":{},"objection":{},"reason":)",
                  to_string(verdict.tier), verdict.difficulty, verdict.confidence, verdict.has_task, verdict.objection);
  append_json_string(out, verdict.reason);
  return out;
}

template <std::size_t Count>
void append_features(std::string& out, std::string_view member, const std::array<double, Count>& features,
                     std::string_view (*name)(std::size_t)) {
  out += fmt::format(R"(,"{}":{{)", member);
  for (std::size_t i = 0; i < Count; ++i) out += fmt::format(R"({}"{}":{})", i == 0 ? "" : ",", name(i), features[i]);
  out += '}';
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_features = argc == 2 && std::string_view(argv[1]) == "--features";
  if (argc > 1 && !with_features) {
    std::fprintf(stderr, "usage: judge-lines [--features] <prompts.jsonl >verdicts.jsonl\n");
    return 2;
  }
  const auto model = read_judge_model(embedded::judge_terms_json, embedded::judge_weights_json);
  const PatternJudge judge;
  simdjson::dom::parser parser;
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    simdjson::dom::object row;
    std::string_view text;
    if (parser.parse(line).get(row) != simdjson::SUCCESS || row["text"].get(text) != simdjson::SUCCESS) {
      std::fprintf(stderr, "line %zu: no JSON object with a text\n", number);
      return 1;
    }
    std::uint64_t pictures = 0;
    if (row["pictures"].get(pictures) != simdjson::SUCCESS) pictures = 0;
    std::string out = verdict_line(judge.judge({.text = text, .pictures = pictures}));
    if (with_features && model) {
      const PromptShape shape = shape_of(text, model->terms());
      append_features(out, "features", features_of(shape, pictures), feature_name);
      append_features(out, "objection_features", objection_features_of(shape), objection_feature_name);
    }
    out += "}\n";
    std::cout << out;
  }
  return 0;
}
