#include <benchmark/benchmark.h>

#include <cstdlib>

#include "openai/chat_request.h"
#include "openai/chat_stream.h"

namespace distiq {
namespace {

std::string request_with(const std::string& content) {
  return R"({"model":"gpt-5","stream":true,"messages":[{"role":"user","content":)" + content + "}]}";
}

std::string text_body(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "The quick brown fox jumps over the lazy dog; \\\"привет\\\".\\n";
  return request_with('"' + text + '"');
}

std::string image_body(std::size_t size) {
  return request_with(R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + std::string(size, 'A') +
                      R"("}}])");
}

void translate(benchmark::State& state, const std::string& body) {
  const auto& models = PriceTable::builtin();
  const auto map = ModelMap::parse(default_model_map, models);
  for (auto _ : state) {
    const auto request = translate_chat_request(body, models, *map);
    if (!request || request->body.size() < body.size() / 2) std::abort();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}

void request_of_190_kb(benchmark::State& state) {
  translate(state, text_body(190'000));
}
void request_with_an_image_of_5_mb(benchmark::State& state) {
  translate(state, image_body(5'000'000));
}

void one_event_of_a_stream(benchmark::State& state) {
  const std::string begin =
      "event: message_start\ndata: "
      "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{}}}\n\n";
  const std::string event =
      "event: content_block_delta\ndata: "
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"some words "
      "more\"}}\n\n";
  ChatStream stream({.created = 1, .include_usage = false, .own_tools = false});
  std::string out;
  stream.feed(begin, out);
  for (auto _ : state) {
    out.clear();
    stream.feed(event, out);
    if (out.size() < 100) std::abort();
  }
}

BENCHMARK(request_of_190_kb);
BENCHMARK(request_with_an_image_of_5_mb);
BENCHMARK(one_event_of_a_stream);

}  // namespace
}  // namespace distiq
