// The API's events as OpenAI's chunks: any split gives the same bytes, every chunk is valid JSON, no piece of text is
// lost.
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "http/sse_splitter.h"
#include "openai/chat_stream.h"
#include "property.h"

namespace {

using simdjson::dom::element;

// `seed` 0: in one piece.
std::string transform(std::string_view text, std::uint32_t seed) {
  distiq::ChatStream stream({.created = 1, .include_usage = true, .own_tools = false});
  std::string out;
  if (seed == 0) {
    stream.feed(text, out);
    return out;
  }
  while (!text.empty()) {
    seed = seed * 1664525U + 1013904223U;
    const std::string_view piece = text.substr(0, 1 + (seed >> 16U) % 23);
    text.remove_prefix(piece.size());
    stream.feed(piece, out);
  }
  return out;
}

std::string_view string_of(const element& parent, std::string_view key) {
  std::string_view text;
  return parent[key].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// The text of the answer as a plain reading of the events finds it, up to the end or the first trouble.
std::string text_of_events(std::string_view bytes) {
  distiq::SseSplitter splitter(16U << 20U);
  simdjson::dom::parser parser;
  std::string text;
  bool started = false;
  while (const auto event = splitter.next(bytes)) {
    element root;
    if (event->data.empty()) continue;
    if (parser.parse(event->data.data(), event->data.size()).get(root) != simdjson::SUCCESS) return text;
    const std::string_view type = string_of(root, "type");
    if (type == "error" || (type == "message_stop" && started)) return text;
    started = started || type == "message_start";
    element part;
    if (started && type == "content_block_start" && root["content_block"].get(part) == simdjson::SUCCESS &&
        string_of(part, "type") == "text") {
      text += string_of(part, "text");
    }
    if (started && type == "content_block_delta" && root["delta"].get(part) == simdjson::SUCCESS &&
        string_of(part, "type") == "text_delta") {
      text += string_of(part, "text");
    }
  }
  return text;
}

std::string text_of_chunks(std::string_view bytes) {
  distiq::SseSplitter splitter(16U << 20U);
  simdjson::dom::parser parser;
  std::string text;
  bool done = false;
  while (const auto event = splitter.next(bytes)) {
    require(!done, "[DONE] is the last that comes");
    if (event->data.empty()) continue;
    done = event->data == "[DONE]";
    if (done) continue;
    element chunk;
    require(parser.parse(event->data.data(), event->data.size()).get(chunk) == simdjson::SUCCESS, "chunks are JSON");
    simdjson::dom::array choices;
    if (chunk["choices"].get(choices) != simdjson::SUCCESS) continue;
    for (const element choice : choices) {
      element delta;
      require(choice["delta"].get(delta) == simdjson::SUCCESS, "a choice has a delta");
      text += string_of(delta, "content");
    }
  }
  require(!splitter.mid_event(), "chunks are whole events");
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::string whole = transform(text, 0);
  require(transform(text, bytes[0] + 1U) == whole, "the same chunks in pieces");
  require(text_of_chunks(whole) == text_of_events(text), "no text is lost, none is added");
  return 0;
}
